// Block Kit as DOM nodes. `ctx` gives names and takes clicks; nothing here talks to the server.

import { el, mrkdwn, plain } from "./mrkdwn.js";
import { confirmed, enlarge } from "./dialogs.js";

export function drawBlocks(blocks, ctx) {
  return blocks.map((block) => {
    const draw = BLOCKS[block.type];
    return draw ? draw(block, ctx) : el("p", { class: "unknown" }, `(${block.type} is not drawn here)`);
  });
}

export function drawText(object, ctx) {
  if (object.type === "plain_text") return plain(object.text);
  return mrkdwn(object.text, ctx.names);
}

const BLOCKS = {
  section(block, ctx) {
    const body = el("div", { class: "section-body" });
    if (block.text) body.append(el("div", { class: "text" }, drawText(block.text, ctx)));
    if (block.fields) {
      const fields = block.fields.map((field) => el("div", { class: "field" }, drawText(field, ctx)));
      body.append(el("div", { class: "fields" }, ...fields));
    }
    const side = block.accessory ? el("div", { class: "accessory" }, drawElement(block.accessory, block, ctx)) : null;
    return el("div", { class: "b section" }, body, side);
  },
  header: (block, ctx) => el("h3", { class: "b header" }, drawText(block.text, ctx)),
  divider: () => el("hr", { class: "b" }),
  context(block, ctx) {
    const parts = block.elements.map((element) =>
      element.type === "image" ? drawElement(element, block, ctx) : el("span", {}, drawText(element, ctx)),
    );
    return el("div", { class: "b context" }, ...parts);
  },
  image(block, ctx) {
    const source = block.slack_file ? `/_page/files/${encodeURIComponent(block.slack_file.id)}` : block.image_url;
    const title = block.title ? drawText(block.title, ctx) : "";
    return picture(source, block.alt_text, title);
  },
  actions(block, ctx) {
    const elements = block.elements.map((element) => drawElement(element, block, ctx));
    return el("div", { class: "b actions" }, ...elements);
  },
  markdown: (block, ctx) => el("div", { class: "b text" }, mrkdwn(block.text.replaceAll("**", "*"), ctx.names)),
  input(block, ctx) {
    const label = el("span", { class: "label-text" }, drawText(block.label, ctx));
    const hint = block.hint ? el("small", {}, drawText(block.hint, ctx)) : null;
    const field = drawInput(block.element);
    field.dataset.block = block.block_id;
    field.required = !block.optional;
    return el("label", { class: "b input" }, label, field, hint, el("em", { class: "error" }));
  },
};

export function picture(source, alt, title) {
  const image = el("img", { src: source, alt, loading: "lazy" });
  const open = el(
    "button",
    { type: "button", class: "zoom", title: "Enlarge", on: { click: () => enlarge(source, alt) } },
    image,
  );
  image.addEventListener("error", () => open.replaceWith(el("p", { class: "unknown" }, `(image: ${alt})`)));
  return el("figure", { class: "b" }, title ? el("figcaption", {}, title) : null, open);
}

function drawInput(element) {
  if (element.type === "static_select") {
    const options = element.options.map((option) => el("option", { value: option.value }, plain(option.text.text)));
    const field = el("select", {}, ...options);
    field.dataset.action = element.action_id ?? "";
    return field;
  }
  const field = el(element.multiline ? "textarea" : "input", {
    placeholder: element.placeholder ? plain(element.placeholder.text) : "",
    value: element.initial_value ?? "",
    maxLength: element.max_length ?? 3000,
  });
  field.dataset.action = element.action_id ?? "";
  field.dataset.type = element.type;
  return field;
}

function drawElement(element, block, ctx) {
  const draw = ELEMENTS[element.type];
  return draw ? draw(element, block, ctx) : el("span", { class: "unknown" }, `(${element.type})`);
}

const ELEMENTS = {
  image: (element) => el("img", { class: "thumb", src: element.image_url, alt: element.alt_text }),
  button(element, block, ctx) {
    const label = plain(element.text.text);
    const button = el("button", {
      type: "button",
      class: `button ${element.style ?? ""}`,
      "aria-label": element.accessibility_label,
    }, label);
    button.dataset.action = element.action_id;
    button.addEventListener("click", () => press(button, element, block, ctx));
    return button;
  },
  overflow(element, block, ctx) {
    const items = element.options.map((option) =>
      el("button", {
        type: "button",
        role: "menuitem",
        on: {
          click: (event) => {
            menu.open = false;
            press(event.currentTarget, element, block, ctx, option.value);
          },
        },
      }, plain(option.text.text)),
    );
    const menu = el("details", { class: "overflow" }, el("summary", { "aria-label": "More actions" }, "⋯"),
      el("div", { class: "menu-items", role: "menu" }, ...items));
    return menu;
  },
  static_select(element, block, ctx) {
    const first = el("option", { value: "", disabled: true, selected: true },
      element.placeholder ? plain(element.placeholder.text) : "Choose …");
    const options = element.options.map((option) =>
      el("option", { value: option.value, selected: option.value === element.initial_option?.value },
        plain(option.text.text)),
    );
    const select = el("select", { class: "button", "aria-label": first.textContent }, first, ...options);
    select.addEventListener("change", () => press(select, element, block, ctx, select.value));
    return select;
  },
  radio_buttons: (element, block, ctx) => ELEMENTS.static_select(element, block, ctx),
  checkboxes: (element, block, ctx) => ELEMENTS.static_select(element, block, ctx),
};

async function press(control, element, block, ctx, selected) {
  if (element.confirm && !(await confirmed(element.confirm, element.style, ctx))) return;
  if (element.url) window.open(element.url, "_blank", "noopener,noreferrer");
  control.disabled = true;
  control.classList.add("busy");
  try {
    await ctx.click(element, block, selected);
  } finally {
    control.disabled = false;
    control.classList.remove("busy");
  }
}
