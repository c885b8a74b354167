// The page: what is shown where. State comes from the live stream; acts go to /_control.

import { el } from "./mrkdwn.js";
import { showModal } from "./dialogs.js";
import { hooks, showList } from "./messages.js";
import { act, complain } from "./act.js";
import { drawBlocks } from "./blocks.js";
import { names, store } from "./store.js";

const PEOPLE = ["alice", "bob", "carol", "guest"];
const $ = (id) => document.getElementById(id);

const modalContext = {
  names,
  click: async () => {},
  submit: (view, values) => act("submit", { view_id: view, values }),
  closeModal: () => act("close", {}),
  complain,
};

// -- what is in view

function sorted(channel) {
  const log = [...(store.messages.get(channel)?.values() ?? [])];
  return log.filter((m) => !store.dismissed.has(m.ts)).sort((a, b) => (a.ts < b.ts ? -1 : 1));
}

const isReply = (m) => Boolean(m.thread_ts) && m.thread_ts !== m.ts;

function toBottom(place) {
  $(place).scrollTop = $(place).scrollHeight;
  if (place === "list") $("newer").hidden = true;
}

const homeContext = {
  names,
  click: async (element, block, selected) => {
    const body = { home: true, action: element.action_id, block_id: block.block_id };
    complain("notice", await act("click", { ...body, value: element.value, selected }));
  },
};

async function openHome() {
  store.atHome = true;
  store.thread = null;
  document.body.dataset.pane = "messages";
  refresh();
  complain("notice", await act("home", {}));
}

function refreshHome() {
  $("home").hidden = !store.atHome;
  $("list").hidden = store.atHome;
  $("composer").hidden = store.atHome;
  if (store.atHome) $("newer").hidden = true;
  if (store.atHome) $("open-home").setAttribute("aria-current", "page");
  else $("open-home").removeAttribute("aria-current");
  if (!store.atHome || $("home").dataset.hash === (store.home?.hash ?? "")) return;
  $("home").dataset.hash = store.home?.hash ?? "";
  $("home").replaceChildren(...(store.home ? drawBlocks(store.home.blocks, homeContext) : []));
  $("home").scrollTop = 0;
}

let drawn = "";

function refresh() {
  refreshHome();
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
  if (store.atHome) {
    $("room-name").textContent = "rollout: Home";
    $("room-topic").textContent = "";
    $("room-members").textContent = "only you see this";
  }
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
    if (room.id === store.channel && !store.atHome) row.setAttribute("aria-current", "page");
    return [room.direct, el("li", { class: unread ? "unread" : "" }, row)];
  });
  $("channels").replaceChildren(...rows.filter(([direct]) => !direct).map(([, row]) => row));
  $("directs-head").hidden = !rows.some(([direct]) => direct);
  $("directs").replaceChildren(...rows.filter(([direct]) => direct).map(([, row]) => row));
  const total = [...store.unread.values()].reduce((sum, n) => sum + n, 0);
  $("show-channels").textContent = total ? `☰ ${total}` : "☰";
}

function select(channel) {
  store.atHome = false;
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
    offer(event.users.filter((user) => !user.is_bot).map((user) => user.name));
    store.groups = new Map(event.groups.map((group) => [group.id, group]));
    store.messages.clear();
    event.messages.forEach(put);
    rooms(event.channels);
    store.home = event.home;
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
    store.home = event.home;
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
      return { ok: false, error: "in_thread", sentence: "Slack takes no slash commands in threads: type it in the channel." };
    }
    return act("message", { channel: store.channel, text: words, thread_ts: store.thread });
  },
});

// -- start

function remember() {
  const room = store.channels.get(store.channel);
  history.replaceState(null, "", `${location.pathname}#${$("actor").value}/${room?.name ?? ""}`);
}

function offer(people) {
  const known = [...$("actor").options].map((option) => option.value);
  const fresh = people.filter((name) => !known.includes(name));
  $("actor").append(...fresh.map((name) => el("option", { value: name }, name)));
}

function start() {
  const [person, room] = location.hash.slice(1).split("/");
  offer(PEOPLE);
  $("actor").value = PEOPLE.includes(person) ? person : "alice";
  const linked = /^\/archives\/(\w+)\/p(\d+)(\d{6})$/.exec(location.pathname);
  if (linked) store.channel = linked[1];
  else if (room === "random") store.channel = "CRANDOM001";
  $("actor").addEventListener("change", () => {
    store.dismissed.clear();
    store.unread.clear();
    store.atHome = false;
    connect($("actor").value);
    remember();
  });
  $("newer").addEventListener("click", () => toBottom("list"));
  $("list").addEventListener("scroll", () => {
    const list = $("list");
    if (list.scrollHeight - list.scrollTop - list.clientHeight < 80) $("newer").hidden = true;
  });
  $("open-home").addEventListener("click", openHome);
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
  Object.assign(hooks, { openThread, refresh });
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
