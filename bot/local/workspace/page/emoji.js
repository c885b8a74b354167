// The names people write between colons, as characters. Unknown names stay as written.

const TABLE = `
white_check_mark ✅|heavy_check_mark ✔️|ballot_box_with_check ☑️|x ❌|negative_squared_cross_mark ❎
warning ⚠️|rotating_light 🚨|no_entry ⛔|no_entry_sign 🚫|octagonal_sign 🛑|stop_sign 🛑|fire 🔥
rocket 🚀|tada 🎉|eyes 👀|bell 🔔|no_bell 🔕|hourglass ⌛|hourglass_flowing_sand ⏳|stopwatch ⏱️
clock1 🕐|alarm_clock ⏰|pause_button ⏸️|double_vertical_bar ⏸️|arrow_forward ▶️|play_or_pause_button ⏯️
black_square_for_stop ⏹️|fast_forward ⏩|rewind ⏪|leftwards_arrow_with_hook ↩️|arrow_right_hook ↪️
arrow_right ➡️|arrow_left ⬅️|arrow_up ⬆️|arrow_down ⬇️|arrow_upper_right ↗️|arrows_counterclockwise 🔄
repeat 🔁|red_circle 🔴|large_blue_circle 🔵|large_green_circle 🟢|large_yellow_circle 🟡
large_orange_circle 🟠|white_circle ⚪|black_circle ⚫|large_green_square 🟩|large_red_square 🟥
chart_with_upwards_trend 📈|chart_with_downwards_trend 📉|bar_chart 📊|mag 🔍|link 🔗|lock 🔒|unlock 🔓
key 🔑|gear ⚙️|wrench 🔧|hammer 🔨|package 📦|baby_chick 🐤|bird 🐦|bug 🐛|ship 🚢|construction 🚧
information_source ℹ️|question ❓|exclamation ❗|bangbang ‼️|bulb 💡|memo 📝|pencil2 ✏️|pushpin 📌
speech_balloon 💬|thumbsup 👍|+1 👍|thumbsdown 👎|-1 👎|ok_hand 👌|raised_hand ✋|wave 👋|pray 🙏|clap 👏
point_right 👉|muscle 💪|smile 😄|slightly_smiling_face 🙂|thinking_face 🤔|cry 😢|sweat_smile 😅|heart ❤️
green_heart 💚|star ⭐|sparkles ✨|zap ⚡|boom 💥|skull 💀|robot_face 🤖|sos 🆘|new 🆕|ok 🆗|100 💯
calendar 📆|date 📅|snowflake ❄️|door 🚪|house 🏠|globe_with_meridians 🌐|satellite 🛰️|label 🏷️
one 1️⃣|two 2️⃣|three 3️⃣|small_red_triangle 🔺|small_blue_diamond 🔹|small_orange_diamond 🔸
`;

const EMOJI = new Map(
  TABLE.trim().split(/[|\n]/).map((pair) => pair.split(" ")),
);

export function emoji(name) {
  return EMOJI.get(name);
}
