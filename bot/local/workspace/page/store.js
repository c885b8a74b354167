// What the page knows, and the names in it. No drawing, no network.

export const store = {
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
  home: null, // the app's Home tab as this user sees it
  atHome: false,
  fresh: false, // something new came into the channel in view
};
export const names = {
  user: (id) => store.users.get(id)?.name,
  channel: (id) => store.channels.get(id)?.name,
  group: (id) => store.groups.get(id)?.handle,
};
