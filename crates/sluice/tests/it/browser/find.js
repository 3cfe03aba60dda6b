// What a person means by a kind of thing and its name: the visible one whose name fits best.
const [kind, name] = arguments;
const plain = (text) => (text ?? "").replace(/\s+/g, " ").trim();
const rendered = (element) => element.checkVisibility({ visibilityProperty: true }) && element.getClientRects().length > 0
  && !element.closest("[aria-hidden=true]");

// Everything that fits a selector, inside of elements with a tree of their own too.
const all = (root, selector) => [
  ...root.querySelectorAll(selector),
  ...[...root.querySelectorAll("*")].filter((element) => element.shadowRoot).flatMap((host) => all(host.shadowRoot, selector)),
];

// Text of a label without what stands in the field that it surrounds.
const worded = (element) => {
  const copy = element.cloneNode(true);
  copy.querySelectorAll("select, textarea, input, datalist, script").forEach((inner) => inner.remove());
  return plain(copy.textContent);
};
const named = (element) => {
  const by = element.getAttribute("aria-labelledby");
  if (by) return plain(by.split(/\s+/).map((id) => worded(document.getElementById(id) ?? element)).join(" "));
  if (element.getAttribute("aria-label")) return plain(element.getAttribute("aria-label"));
  if (element.labels?.length) return plain([...element.labels].map(worded).join(" "));
  return plain(element.textContent || element.value || element.title);
};

const kinds = {
  field: "input:not([type=hidden]):not([type=submit]), select, textarea, [contenteditable=true][role=textbox]",
  button: "button, input[type=submit], [role=button]",
  link: "a[href]",
  summary: "summary",
  heading: "h1, h2, h3, h4, h5, h6",
};

// What has the focus, and whether that can be seen.
if (kind === "focus") {
  let element = document.activeElement;
  // Nothing has it: the page is new, or Tab has gone round.
  if (!element || element === document.body) return { name: "", seen: true };
  const outlines = [];
  while (element) {
    for (let at = element; at; at = at.parentElement) outlines.push(getComputedStyle(at));
    if (!element.shadowRoot?.activeElement) break;
    element = element.shadowRoot.activeElement;
  }
  const box = element.getBoundingClientRect();
  const inside = box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight;
  const marked = outlines.some((style) => (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none");
  return { name: named(element), seen: inside && marked };
}

const wanted = plain(name);
let best = null, rank = 9;
for (const element of all(document, kinds[kind])) {
  const has = named(element);
  const fits = has === wanted ? 0 : has.startsWith(wanted + " ") ? 1 : has.startsWith(wanted) ? 2 : has.includes(wanted) ? 3 : 9;
  if (fits < rank && rendered(element)) [best, rank] = [element, fits];
}
return best;
