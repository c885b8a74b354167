// Slack's mrkdwn as DOM nodes. Text only ever becomes text nodes, so nothing can be injected.

import { emoji } from "./emoji.js";

const PIECE = new RegExp(
  [
    "```([\\s\\S]+?)```", // 1 code block
    "`([^`\\n]+)`", // 2 code
    "<([^<>\\n]+)>", // 3 link, mention, date
    ":([a-z0-9_+-]+):", // 4 emoji
    "(?<![\\w*])\\*(\\S(?:[^*\\n]*\\S)?)\\*(?![\\w*])", // 5 bold
    "(?<![\\w_])_(\\S(?:[^_\\n]*\\S)?)_(?![\\w_])", // 6 italic
    "(?<![\\w~])~(\\S(?:[^~\\n]*\\S)?)~(?![\\w~])", // 7 strike
  ].join("|"),
  "g",
);

export function el(tag, options = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "on") {
      for (const [event, handler] of Object.entries(value)) node.addEventListener(event, handler);
    } else if (key === "class") node.className = value;
    else if (key in node && key !== "list") node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export function decode(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

export function plain(text) {
  return decode(text).replace(/:([a-z0-9_+-]+):/g, (whole, name) => emoji(name) ?? whole);
}

/** Draw mrkdwn; `names` finds users, channels and groups by id. */
export function mrkdwn(text, names) {
  const box = document.createDocumentFragment();
  let quote = null;
  for (const part of text.split(/(```[\s\S]+?```)/)) {
    if (part.startsWith("```") && part.length > 6) {
      box.append(el("pre", {}, decode(strip(part.slice(3, -3)))));
      quote = null;
      continue;
    }
    const lines = part.split("\n");
    lines.forEach((line, index) => {
      const quoted = /^(&gt;|>) ?/.exec(line);
      if (quoted) {
        if (quote === null) box.append((quote = el("blockquote")));
        else quote.append(el("br"));
        quote.append(...inline(line.slice(quoted[0].length), names));
        return;
      }
      if (index > 0 && quote === null) box.append(el("br"));
      quote = null;
      box.append(...inline(line, names));
    });
  }
  return box;
}

function strip(text) {
  // A link inside code is shown as its label, as Slack does.
  return text.replace(/^\n/, "").replace(/<(https?:[^|<>]+)(?:\|([^<>]+))?>/g, (_, url, label) => label ?? url);
}

function inline(text, names) {
  const nodes = [];
  let last = 0;
  for (const found of text.matchAll(PIECE)) {
    if (found.index > last) nodes.push(decode(text.slice(last, found.index)));
    nodes.push(piece(found, names));
    last = found.index + found[0].length;
  }
  if (last < text.length) nodes.push(decode(text.slice(last)));
  return nodes;
}

function piece(found, names) {
  const [whole, block, code, angle, name, bold, italic, strike] = found;
  if (block !== undefined) return el("pre", {}, decode(block));
  if (code !== undefined) return el("code", {}, decode(strip(code)));
  if (angle !== undefined) return special(angle, names);
  if (name !== undefined) return emoji(name) ?? whole;
  if (bold !== undefined) return el("b", {}, ...inline(bold, names));
  if (italic !== undefined) return el("i", {}, ...inline(italic, names));
  return el("s", {}, ...inline(strike, names));
}

function special(body, names) {
  const cut = body.indexOf("|");
  const target = cut < 0 ? body : body.slice(0, cut);
  const label = cut < 0 ? "" : decode(body.slice(cut + 1));
  if (target.startsWith("@")) return mention("@" + (names.user(target.slice(1)) ?? (label || "unknown")));
  if (target.startsWith("#")) return mention("#" + (names.channel(target.slice(1)) ?? (label || "unknown")));
  if (target.startsWith("!date^")) return dated(target, label);
  if (target.startsWith("!subteam^")) return mention("@" + (names.group(target.slice(9)) ?? label.replace(/^@/, "")));
  if (target.startsWith("!")) return mention("@" + (label || target.slice(1)));
  if (!/^(https?|mailto):/i.test(target)) return decode(`<${body}>`);
  return link(decode(target), label);
}

function mention(text) {
  return el("span", { class: "mention" }, text);
}

export function link(url, label) {
  if (!/^(https?|mailto):/i.test(url)) return label || url;
  return el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, label || url);
}

const DATES = {
  date_num: (d) => d.toISOString().slice(0, 10),
  date: (d) => d.toLocaleDateString(undefined, { year: "numeric", month: "long", day: "numeric" }),
  date_short: (d) => d.toLocaleDateString(undefined, { year: "numeric", month: "short", day: "numeric" }),
  date_long: (d) =>
    d.toLocaleDateString(undefined, { weekday: "long", year: "numeric", month: "long", day: "numeric" }),
  time: (d) => clock(d),
  time_secs: (d) => clock(d, true),
};

function pretty(d, otherwise) {
  const days = Math.round((midnight(d) - midnight(new Date())) / 86400000);
  return { 0: "today", "-1": "yesterday", 1: "tomorrow" }[days] ?? otherwise(d);
}

export function midnight(d) {
  return new Date(d.getFullYear(), d.getMonth(), d.getDate()).getTime();
}

export function clock(d, seconds = false) {
  const pad = (n) => String(n).padStart(2, "0");
  const text = `${pad(d.getHours())}:${pad(d.getMinutes())}`;
  return seconds ? `${text}:${pad(d.getSeconds())}` : text;
}

function dated(target, label) {
  const [, stamp, format = "", url] = target.split("^");
  const d = new Date(Number(stamp) * 1000);
  if (!Number.isFinite(d.getTime())) return label;
  const text = decode(format).replace(/\{(\w+)\}/g, (whole, key) => {
    if (DATES[key]) return DATES[key](d);
    if (key === "ago") return ago(d);
    const base = key.replace(/_pretty$/, "");
    return base !== key && DATES[base] ? pretty(d, DATES[base]) : whole;
  });
  const shown = el("time", { dateTime: d.toISOString(), title: d.toString() }, text || label);
  if (!url) return shown;
  const wrapped = link(decode(url), " ");
  if (typeof wrapped === "string") return shown;
  wrapped.replaceChildren(shown);
  return wrapped;
}

function ago(d) {
  const s = Math.round((Date.now() - d.getTime()) / 1000);
  const [n, unit] = Math.abs(s) < 90 ? [s, "s"] : Math.abs(s) < 5400 ? [Math.round(s / 60), "min"] : [Math.round(s / 3600), "h"];
  return n >= 0 ? `${n} ${unit} ago` : `in ${-n} ${unit}`;
}
