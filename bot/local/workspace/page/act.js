// Acting as a person: requests to /_control, and the sentence when one fails.

import { store } from "./store.js";

export async function act(name, body) {
  try {
    const answer = await fetch(`/_control/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ user: store.me, ...body }),
    });
    return { ...(await answer.json()), act: name };
  } catch {
    return { ok: false, error: "unreachable", act: name };
  }
}

const APP_ERRED = "The app answered with something that Slack does not take. What you asked may have been done.";
const CALM = {
  unreachable: "This page's server does not answer: is the demo still running?",
  dispatch_failed: "No app is connected: is the bot running?",
  operation_timeout: "The app did not answer within 3 seconds. Look first whether it was done, then try again.",
  user_not_in_channel: "You are not in this channel.",
  user_not_found: "Nobody here has that name.",
  channel_not_found: "This channel is not here any more.",
  message_not_found: "This message is not here any more. Nothing was done.",
  thread_not_found: "This thread's first message is not here any more. Nothing was sent.",
  action_not_found: "This button is no longer there: the message has changed meanwhile. Nothing was done.",
  choice_not_found: "This choice is no longer there: the message has changed meanwhile. Nothing was done.",
  invalid_arguments: "Something is missing in it. Nothing was done.",
  invalid_json: "This page sent something unreadable: load it again. Nothing was done.",
  invalid_blocks: APP_ERRED,
  invalid_blocks_format: APP_ERRED,
  msg_blocks_too_long: APP_ERRED,
  push_limit_reached: APP_ERRED,
  duplicate_external_id: APP_ERRED,
};
const OF_ACT = {
  click: { not_found: "The Home tab has changed meanwhile: open it again. Nothing was done." },
  submit: { not_found: "This form was closed meanwhile. Nothing was sent.", invalid_arguments: APP_ERRED },
};
// Of these the server's own sentence is the better one: it names what was typed.
const NAMED = ["unknown_command", "invalid_message"];

/** What a person reads of an answer; empty where it went well. */
export function sentence(answer) {
  if (answer.ok !== false && answer.acked !== false) return "";
  const error = answer.error ?? "dispatch_failed";
  const named = NAMED.includes(error) ? answer.response_metadata?.messages?.[0] : "";
  return named || OF_ACT[answer.act]?.[error] || CALM[error] || answer.sentence
    || `Nothing was done: Slack would say "${error}" here.`;
}

export function complain(where, answer) {
  const box = typeof where === "string" ? document.getElementById(where) : where;
  const said = sentence(answer);
  box.textContent = said ? `⚠ ${said}` : "";
  box.hidden = !said;
}
