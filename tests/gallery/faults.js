// What an eye would complain of in one drawn message; an empty list when it is fine.
(root) => {
  const found = [];
  const name = (node) => `${node.tagName.toLowerCase()}.${node.className} "${node.textContent.slice(0, 40)}"`;
  const all = [root, ...root.querySelectorAll("*")].filter((node) => node.getClientRects().length);
  for (const node of all) {
    const box = node.getBoundingClientRect();
    if (box.right > innerWidth + 0.5 || box.left < -0.5) found.push(`beyond the screen: ${name(node)}`);
    const cut = getComputedStyle(node).overflowX !== "visible" && node.scrollWidth > node.clientWidth + 1;
    if (cut) found.push(`clipped: ${name(node)}`);
  }
  for (const button of root.querySelectorAll(".button")) {
    if (button.getBoundingClientRect().height < 40) found.push(`too small for a thumb: ${name(button)}`);
  }
  const text = root.innerText;
  for (const raw of text.match(/<![^>]*>|<[@#][^>]*>|<https?:[^>]*>|&(?:amp|lt|gt);|\*\S[^*\n]*\*|is not drawn/g) ?? []) {
    found.push(`raw: ${raw}`);
  }
  for (const twice of text.match(/\b(\w+) \1\b|undefined|null|NaN| · · |  \.|\.\./g) ?? []) found.push(`odd: ${twice}`);

  const parts = (color) => (color.match(/[\d.]+/g) ?? []).map(Number);
  const light = (color) => {
    const [r, g, b] = parts(color).slice(0, 3).map((v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      const alpha = parts(color)[3] ?? 1;
      if (alpha > 0.5) return color;
    }
    return getComputedStyle(document.documentElement).colorScheme.includes("dark") ? "rgb(0,0,0)" : "rgb(255,255,255)";
  };
  for (const node of all) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
    const style = getComputedStyle(node);
    if (!own || style.color === "rgba(0, 0, 0, 0)" || Number(style.opacity) === 0) continue;
    const pair = [light(style.color), light(ground(node))].sort((a, b) => b - a);
    const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
    if (ratio < 4.5) found.push(`faint (${ratio.toFixed(1)}): ${name(node)}`);
  }
  return [...new Set(found)];
}
