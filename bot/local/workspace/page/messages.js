// Messages and lists of them as DOM nodes. `hooks` are what the page does on a click.

import { clock, el, midnight, mrkdwn } from "./mrkdwn.js";
import { drawBlocks, picture } from "./blocks.js";
import { emoji } from "./emoji.js";
import { act, complain } from "./act.js";
import { names, store } from "./store.js";

export const hooks = { openThread: () => {}, refresh: () => {} };
const cache = { list: new Map(), "thread-list": new Map() };

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

export function when(ts) {
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
    const open = () => hooks.openThread(message.thread_ts ?? message.ts);
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
    return el("p", { class: "file" }, el("a", { href: source, download: file.name }, file.title),
      el("span", { class: "quiet" }, `${file.name} · ${size(file.size)}`));
  });
}

/** As Slack says it: whole kilobytes, from one on. */
function size(bytes) {
  const kilobytes = bytes / 1024;
  return kilobytes < 1024 ? `${Math.max(1, Math.round(kilobytes))} KB` : `${(kilobytes / 1024).toFixed(1)} MB`;
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
    parts.push(el("button", { type: "button", class: "replies", on: { click: () => hooks.openThread(message.ts) } }, ...faces, el("b", {}, count), last));
  }
  if (message.is_ephemeral) {
    const dismiss = () => {
      store.dismissed.add(message.ts);
      hooks.refresh();
    };
    parts.push(el("button", { type: "button", class: "dismiss", on: { click: dismiss } }, "Dismiss message"));
  }
  return parts;
}

// -- lists: nodes are kept while their message is the same, so focus and scroll stay

export function showList(place, messages) {
  const list = document.getElementById(place);
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
