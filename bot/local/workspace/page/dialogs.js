// Everything that lies over the page: confirm dialogs, enlarged pictures, modals.

import { el } from "./mrkdwn.js";
import { drawBlocks, drawText } from "./blocks.js";

/** Ask as the app wrote it; resolves to true only for the confirming button. */
export function confirmed(confirm, style, ctx) {
  return new Promise((resolve) => {
    const tone = (confirm.style ?? style) === "danger" ? "danger" : "primary";
    const deny = el("button", { type: "button", class: "button deny" }, drawText(confirm.deny, ctx));
    const yes = el("button", { type: "button", class: `button ${tone} yes` }, drawText(confirm.confirm, ctx));
    const title = el("h3", { id: "confirm-title" }, drawText(confirm.title, ctx));
    const text = el("div", { class: "text" }, drawText(confirm.text, ctx));
    const box = el("dialog", { class: "confirm", "aria-labelledby": "confirm-title" }, title, text,
      el("div", { class: "dialog-buttons" }, deny, yes));
    let answer = false;
    deny.addEventListener("click", () => box.close());
    yes.addEventListener("click", () => {
      answer = true;
      box.close();
    });
    box.addEventListener("close", () => {
      box.remove();
      resolve(answer);
    });
    document.body.append(box);
    box.showModal();
  });
}

export function enlarge(source, alt) {
  const close = el("button", { type: "button", class: "button", on: { click: () => box.close() } }, "Close");
  const box = el("dialog", { class: "large" }, el("img", { src: source, alt }), el("p", {}, alt), close);
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
}

let modal = null;

/** Show the topmost modal of this user, or take it away when there is none. */
export function showModal(view, ctx) {
  modal?.remove();
  modal = null;
  if (!view) return;
  const form = el("form", { method: "dialog" }, el("h3", {}, drawText(view.title, ctx)),
    ...drawBlocks(view.blocks, ctx));
  const cancel = el("button", { type: "button", class: "button" }, view.close ? drawText(view.close, ctx) : "Cancel");
  cancel.addEventListener("click", () => ctx.closeModal());
  const buttons = el("div", { class: "dialog-buttons" }, cancel);
  if (view.submit) buttons.append(el("button", { class: "button primary" }, drawText(view.submit, ctx)));
  const notice = el("p", { class: "notice", role: "status", hidden: true });
  form.append(notice, buttons);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = await ctx.submit(view.id, values(form));
    ctx.complain(notice, answer);
    for (const [block, sentence] of Object.entries(answer.errors ?? {})) {
      const field = form.querySelector(`[data-block="${CSS.escape(block)}"]`);
      if (field) field.parentElement.querySelector(".error").textContent = sentence;
    }
  });
  modal = el("dialog", { class: "modal" }, form);
  modal.addEventListener("cancel", (event) => {
    event.preventDefault();
    ctx.closeModal();
  });
  document.body.append(modal);
  modal.showModal();
}

function values(form) {
  const found = {};
  for (const field of form.querySelectorAll("[data-block]")) {
    const value =
      field.tagName === "SELECT"
        ? { type: "static_select", selected_option: { value: field.value, text: { type: "plain_text", text: field.selectedOptions[0]?.textContent ?? "" } } }
        : { type: "plain_text_input", value: field.value || null };
    found[field.dataset.block] = { [field.dataset.action]: value };
  }
  return found;
}
