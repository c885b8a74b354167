// The page: what is shown where. State comes from the live stream; acts go to /_control.

import { clock, el, midnight, mrkdwn } from "./mrkdwn.js";
import { drawBlocks, picture } from "./blocks.js";
import { showModal } from "./dialogs.js";
import { emoji } from "./emoji.js";

const PEOPLE = ["alice", "bob", "carol", "guest"];
const $ = (id) => document.getElementById(id);
const store = {
  me: null, // user id
  users: new Map(),
  groups: new Map(),
  channels: new Map(),
  messages: new Map(), // channel id → Map of ts → message
  channel: "CRELEASES1",
  thread: null, // ts of the parent
  unread: new Map(),
  dismissed: new Set(),
  sent: [],
  fresh: false, // something new came into the channel in view
};
const names = {
  user: (id) => store.users.get(id)?.name,
  channel: (id) => store.channels.get(id)?.name,
  group: (id) => store.groups.get(id)?.handle,
};
const cache = { list: new Map(), "thread-list": new Map() };

// -- acting

async function act(name, body) {
  try {
    const answer = await fetch(`/_control/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ user: store.me, ...body }),
    });
    return await answer.json();
  } catch {
    return { ok: false, error: "the stand-in does not answer" };
  }
}

const CALM = {
  dispatch_failed: "No app is connected: is the bot running?",
  operation_timeout: "The app did not answer within 3 seconds.",
  user_not_in_channel: "You are not in this channel.",
};

function complain(where, answer) {
  const box = $(where);
  const failed = answer.ok === false || answer.acked === false;
  const sentence = answer.response_metadata?.messages?.[0] ?? CALM[answer.error] ?? answer.error ?? "";
  box.textContent = failed ? `⚠ ${sentence}` : "";
  box.hidden = !failed;
}

function context(message, notice) {
  return {
    names,
    click: async (element, block, selected) => {
      const body = { channel: message.channel, ts: message.ts, action: element.action_id };
      const more = { block_id: block.block_id, value: element.value, selected };
      complain(notice, await act("click", { ...body, ...more }));
    },
  };
}

const modalContext = {
  names,
  click: async () => {},
  submit: (view, values) => act("submit", { view_id: view, values }),
  closeModal: () => act("close", {}),
};

// -- drawing messages

function when(ts) {
  return new Date(Number(ts) * 1000);
}

function avatar(user) {
  const box = el("div", { class: "avatar", "aria-hidden": "true" }, (user?.name ?? "?").slice(0, 1).toUpperCase());
  if (/^[0-9a-f]{6}$/.test(user?.color ?? "")) box.style.backgroundColor = `#${user.color}`;
  return box;
}

function draw(message, { place, compact }) {
  const user = store.users.get(message.user);
  const notice = place === "list" ? "notice" : "thread-notice";
  const body = el("div", { class: "body" });
  if (message.is_ephemeral) body.append(el("div", { class: "only-you" }, "Only visible to you"));
  if (message.subtype === "thread_broadcast") body.append(el("div", { class: "only-you" }, "replied to a thread"));
  if (!compact) body.append(head(message, user));
  const content = el("div", { class: "content" });
  if (message.blocks?.length) content.append(...drawBlocks(message.blocks, context(message, notice)));
  else if (message.text) content.append(el("div", { class: "text" }, mrkdwn(message.text, names)));
  if (message.edited && (compact || !message.blocks?.length)) content.append(" ", edited(message));
  body.append(content, ...files(message), ...below(message, place));
  const side = compact ? el("time", { class: "side-time" }, clock(when(message.ts))) : avatar(user);
  const node = el("article", { class: `message${message.is_ephemeral ? " ephemeral" : ""}${compact ? " compact" : ""}` }, side, body);
  node.dataset.ts = message.ts;
  if (place === "list" && !message.is_ephemeral) {
    const open = () => openThread(message.thread_ts ?? message.ts);
    node.append(el("button", { type: "button", class: "reply", on: { click: open }, title: "Reply in thread", "aria-label": "Reply in thread" }, "Reply"));
  }
  return node;
}

function edited(message) {
  const title = `edited ${clock(when(message.edited.ts), true)}`;
  return el("small", { class: "edited", title }, "(edited)");
}

function head(message, user) {
  const badge = user?.is_bot ? el("span", { class: "app" }, "APP") : null;
  const guest = user?.is_restricted ? el("span", { class: "app" }, "GUEST") : null;
  const stamp = when(message.ts);
  return el("div", { class: "head" }, el("b", {}, user?.name ?? message.user), badge, guest,
    el("time", { dateTime: stamp.toISOString(), title: stamp.toString() }, clock(stamp)),
    message.edited && message.blocks?.length ? edited(message) : null);
}

function files(message) {
  return (message.files ?? []).map((file) => {
    const source = `/_page/files/${encodeURIComponent(file.id)}`;
    if (file.mimetype.startsWith("image/")) return picture(source, file.alt_txt || file.title, file.title);
    return el("p", { class: "file" }, el("a", { href: source, download: file.name }, file.title));
  });
}

function below(message, place) {
  const parts = [];
  if (message.reactions?.length) {
    const chips = message.reactions.map((r) => el("span", { class: "chip" }, `${emoji(r.name) ?? `:${r.name}:`} ${r.count}`));
    parts.push(el("div", { class: "reactions" }, ...chips));
  }
  if (place === "list" && message.reply_count) {
    const count = `${message.reply_count} ${message.reply_count === 1 ? "reply" : "replies"}`;
    const faces = message.reply_users.slice(0, 3).map((id) => avatar(store.users.get(id)));
    const last = el("span", { class: "quiet" }, ` last at ${clock(when(message.latest_reply))}`);
    parts.push(el("button", { type: "button", class: "replies", on: { click: () => openThread(message.ts) } }, ...faces, el("b", {}, count), last));
  }
  if (message.is_ephemeral) {
    const dismiss = () => {
      store.dismissed.add(message.ts);
      refresh();
    };
    parts.push(el("button", { type: "button", class: "dismiss", on: { click: dismiss } }, "Dismiss message"));
  }
  return parts;
}

// -- lists: nodes are kept while their message is the same, so focus and scroll stay

function showList(place, messages) {
  const list = $(place);
  const kept = cache[place];
  const fresh = new Map();
  const nodes = [];
  let before = null;
  const day = (m) => midnight(when(m.ts));
  const keep = (key, facts, make) => {
    const old = kept.get(key);
    const entry = old?.facts === facts ? old : { facts, node: make() };
    fresh.set(key, entry);
    nodes.push(entry.node);
  };
  for (const message of messages) {
    if (place === "thread-list" ? false : !before || day(before) !== day(message)) {
      const text = dayName(when(message.ts));
      keep(`day ${day(message)}`, text, () => divider(text));
      before = null;
    }
    const compact = Boolean(before) && before.user === message.user && !message.is_ephemeral && !before.is_ephemeral
      && !before.reply_count && !message.blocks?.length && Number(message.ts) - Number(before.ts) < 300;
    keep(message.ts, `${compact}${JSON.stringify(message)}`, () => draw(message, { place, compact }));
    if (place === "thread-list" && !before) keep("replies", repliesText(messages), () => divider(repliesText(messages)));
    before = message;
  }
  cache[place] = fresh;
  const low = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  nodes.forEach((node, index) => {
    if (list.children[index] !== node) list.insertBefore(node, list.children[index] ?? null);
  });
  while (list.children.length > nodes.length) list.lastChild.remove();
  return low;
}

function divider(text) {
  return el("div", { class: "day" }, el("span", {}, text));
}

function repliesText(messages) {
  const count = messages.length - 1;
  return count === 1 ? "1 reply" : `${count || "no"} replies`;
}

function dayName(d) {
  const days = Math.round((midnight(new Date()) - midnight(d)) / 86400000);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  return d.toLocaleDateString(undefined, { weekday: "long", month: "long", day: "numeric" });
}

function sorted(channel) {
  const log = [...(store.messages.get(channel)?.values() ?? [])];
  return log.filter((m) => !store.dismissed.has(m.ts)).sort((a, b) => (a.ts < b.ts ? -1 : 1));
}

const isReply = (m) => Boolean(m.thread_ts) && m.thread_ts !== m.ts;

function toBottom(place) {
  $(place).scrollTop = $(place).scrollHeight;
  if (place === "list") $("newer").hidden = true;
}

let drawn = "";

function refresh() {
  const room = store.channels.get(store.channel);
  if (!room) return;
  const log = sorted(room.id);
  const low = showList("list", log.filter((m) => !isReply(m) || m.subtype === "thread_broadcast"));
  const key = `${store.me} ${room.id}`;
  if (low || drawn !== key) toBottom("list");
  else if (store.fresh) $("newer").hidden = false;
  store.fresh = false;
  drawn = key;
  $("room-name").textContent = `${room.direct ? "" : "# "}${room.name}`;
  $("room-topic").textContent = room.topic;
  $("room-members").textContent = `${room.members.length} members`;
  $("room-members").title = room.members.join(", ");
  $("text").placeholder = `Message ${room.direct ? "" : "#"}${room.name} or /rollout`;
  document.title = `${room.direct ? "" : "#"}${room.name} · local stand-in, not Slack`;
  refreshThread(log);
  refreshChannels();
}

function refreshThread(log) {
  const parent = log.find((m) => m.ts === store.thread);
  $("thread").hidden = !parent;
  document.body.classList.toggle("with-thread", Boolean(parent));
  if (!parent) {
    if (document.body.dataset.pane === "thread") document.body.dataset.pane = "messages";
    return;
  }
  $("thread-room").textContent = $("room-name").textContent;
  const low = showList("thread-list", log.filter((m) => m.ts === parent.ts || m.thread_ts === parent.ts));
  if (low) toBottom("thread-list");
}

function refreshChannels() {
  const rows = [...store.channels.values()].map((room) => {
    const unread = store.unread.get(room.id) ?? 0;
    const row = el("button", { type: "button", on: { click: () => select(room.id) } },
      el("span", { class: "mark" }, room.direct ? "●" : "#"), room.name,
      unread ? el("span", { class: "count" }, String(unread)) : null);
    if (room.id === store.channel) row.setAttribute("aria-current", "page");
    return [room.direct, el("li", { class: unread ? "unread" : "" }, row)];
  });
  $("channels").replaceChildren(...rows.filter(([direct]) => !direct).map(([, row]) => row));
  $("directs-head").hidden = !rows.some(([direct]) => direct);
  $("directs").replaceChildren(...rows.filter(([direct]) => direct).map(([, row]) => row));
  const total = [...store.unread.values()].reduce((sum, n) => sum + n, 0);
  $("show-channels").textContent = total ? `☰ ${total}` : "☰";
}

function select(channel) {
  store.channel = channel;
  store.thread = null;
  store.unread.delete(channel);
  document.body.dataset.pane = "messages";
  complain("notice", {});
  remember();
  refresh();
}

function openThread(ts) {
  store.thread = ts;
  document.body.dataset.pane = "thread";
  complain("thread-notice", {});
  refresh();
  toBottom("thread-list");
  if (matchMedia("(min-width: 800px)").matches) $("thread-text").focus();
}

function closeThread() {
  store.thread = null;
  document.body.dataset.pane = "messages";
  refresh();
}

// -- the live stream

let source = null;
let waiting = false;

function connect(user) {
  source?.close();
  source = new EventSource(`/_page/live/events?user=${encodeURIComponent(user)}`);
  source.onopen = () => status("live");
  source.onerror = () => {
    status("connection lost, trying again …");
    if (source.readyState === EventSource.CLOSED) setTimeout(() => connect(user), 1000);
  };
  source.onmessage = (event) => {
    take(JSON.parse(event.data));
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      refresh();
    });
  };
}

function status(text) {
  $("state").textContent = text;
  $("state").classList.toggle("bad", text !== "live");
}

function put(message) {
  if (!store.messages.has(message.channel)) store.messages.set(message.channel, new Map());
  const log = store.messages.get(message.channel);
  const known = log.has(message.ts);
  log.set(message.ts, message);
  return known;
}

function take(event) {
  if (event.kind === "snapshot") {
    store.me = event.me;
    store.users = new Map(event.users.map((user) => [user.id, user]));
    store.groups = new Map(event.groups.map((group) => [group.id, group]));
    store.messages.clear();
    event.messages.forEach(put);
    rooms(event.channels);
    showModal(event.view, modalContext);
  } else if (event.kind === "message") {
    const known = put(event.message);
    const away = event.message.channel !== store.channel;
    if (!known && !away && !isReply(event.message)) store.fresh = true;
    if (!known && away) store.unread.set(event.message.channel, (store.unread.get(event.message.channel) ?? 0) + 1);
  } else if (event.kind === "deleted") {
    store.messages.get(event.channel)?.delete(event.ts);
  } else if (event.kind === "channels") {
    rooms(event.channels);
  } else if (event.kind === "view") {
    showModal(event.view, modalContext);
  }
}

function rooms(channels) {
  store.channels = new Map(channels.map((room) => [room.id, room]));
  if (!store.channels.has(store.channel)) store.channel = channels[0]?.id ?? "";
}

// -- typing

function composer({ form, text, notice, send }) {
  const field = $(text);
  let back = 0;
  const grow = () => {
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight, 160)}px`;
  };
  field.addEventListener("input", grow);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      $(form).requestSubmit();
    } else if (event.key === "ArrowUp" && (field.value === "" || back > 0)) {
      back = Math.min(back + 1, store.sent.length);
      field.value = store.sent.at(-back) ?? "";
    }
  });
  $(form).addEventListener("submit", async (event) => {
    event.preventDefault();
    const words = field.value.trim();
    if (!words) return;
    store.sent = [...store.sent.slice(-49), words];
    back = 0;
    field.value = "";
    grow();
    const answer = await send(words);
    complain(notice, answer);
    if (answer.ok === false) field.value = words;
  });
}

composer({
  form: "composer",
  text: "text",
  notice: "notice",
  send: (words) => {
    toBottom("list");
    return act(words.startsWith("/") ? "command" : "message", { channel: store.channel, text: words });
  },
});
composer({
  form: "thread-composer",
  text: "thread-text",
  notice: "thread-notice",
  send: async (words) => {
    if (words.startsWith("/")) {
      return { ok: false, error: "Slack takes no slash commands in threads: type it in the channel." };
    }
    return act("message", { channel: store.channel, text: words, thread_ts: store.thread });
  },
});

// -- start

function remember() {
  const room = store.channels.get(store.channel);
  history.replaceState(null, "", `${location.pathname}#${$("actor").value}/${room?.name ?? ""}`);
}

function start() {
  const [person, room] = location.hash.slice(1).split("/");
  $("actor").append(...PEOPLE.map((name) => el("option", { value: name }, name)));
  $("actor").value = PEOPLE.includes(person) ? person : "alice";
  const linked = /^\/archives\/(\w+)\/p(\d+)(\d{6})$/.exec(location.pathname);
  if (linked) store.channel = linked[1];
  else if (room === "random") store.channel = "CRANDOM001";
  $("actor").addEventListener("change", () => {
    store.dismissed.clear();
    store.unread.clear();
    connect($("actor").value);
    remember();
  });
  $("newer").addEventListener("click", () => toBottom("list"));
  $("list").addEventListener("scroll", () => {
    const list = $("list");
    if (list.scrollHeight - list.scrollTop - list.clientHeight < 80) $("newer").hidden = true;
  });
  $("thread-close").addEventListener("click", closeThread);
  $("show-channels").addEventListener("click", () => {
    document.body.dataset.pane = document.body.dataset.pane === "channels" ? "messages" : "channels";
  });
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.overflow[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("load", (event) => {
    // A picture that arrives late must not push the newest message out of sight.
    const list = event.target.closest?.(".list");
    if (list && list.scrollHeight - list.scrollTop - list.clientHeight < event.target.height + 120) {
      list.scrollTop = list.scrollHeight;
    }
  }, true);
  connect($("actor").value);
  if (linked) pointTo(`${linked[2]}.${linked[3]}`);
}

function pointTo(ts) {
  const parent = new URLSearchParams(location.search).get("thread_ts");
  const look = setInterval(() => {
    if (!store.me) return;
    clearInterval(look);
    if (parent) openThread(parent);
    const node = document.querySelector(`[data-ts="${CSS.escape(ts)}"]`);
    node?.scrollIntoView({ block: "center" });
    node?.classList.add("pointed");
  }, 100);
}

start();
