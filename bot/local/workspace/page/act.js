// Acting as a person: requests to /_control, and the sentence when one fails.

import { store } from "./store.js";

export async function act(name, body) {
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

export function complain(where, answer) {
  const box = document.getElementById(where);
  const failed = answer.ok === false || answer.acked === false;
  const error = answer.error ?? (answer.acked === false ? "dispatch_failed" : "");
  const sentence = answer.response_metadata?.messages?.[0] ?? CALM[error] ?? error;
  box.textContent = failed ? `⚠ ${sentence}` : "";
  box.hidden = !failed;
}
