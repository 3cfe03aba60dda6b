// An editor for SQL in the place of `textarea[data-editor=sql]`. The text area stays the truth: it has the value that is
// sent, and everything works without this file.
//
// The editor lives in a shadow root, so that its styles are sheets of that root and the page's policy holds: no style in
// the page, no script in the page.
import { autocompletion, closeBrackets, closeBracketsKeymap, closeCompletion, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { sql, StandardSQL } from "@codemirror/lang-sql";
import { bracketMatching, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { Compartment, EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightSpecialChars, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";

// Colours are the console's, which know light and dark.
const look = EditorView.theme({
  "&": { color: "var(--text)", backgroundColor: "var(--ground)", fontSize: ".9rem" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.5", minHeight: "14rem", maxHeight: "32rem", overflow: "auto" },
  ".cm-content": { caretColor: "var(--text)", padding: ".5rem 0" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-gutters": { color: "var(--soft)", backgroundColor: "var(--raised)", border: "0" },
  ".cm-placeholder": { color: "var(--soft)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--busy-soft)",
  },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--accent-soft)", outline: "1px solid var(--accent)" },
  ".cm-tooltip": { backgroundColor: "var(--ground)", color: "var(--text)", border: "1px solid var(--edge)", borderRadius: ".375rem" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--accent-ground)", color: "var(--on-accent)" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
});
const colours = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--accent)", fontWeight: "600" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--good)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--busy)" },
  { tag: [tags.typeName, tags.standard(tags.name)], color: "var(--wait)" },
  { tag: tags.comment, color: "var(--soft)", fontStyle: "italic" },
]);

// Tables with their columns, for completion: the same for every editor of a page.
let known = null;
function tables() {
  const address = document.querySelector("[data-tables]")?.dataset.tables;
  if (!address) return Promise.resolve({});
  known ??= fetch(address, { headers: { accept: "application/json" } }).then(
    (answer) => (answer.ok ? answer.json() : {}),
    () => ({}),
  );
  return known;
}

class Editor extends HTMLElement {
  mount(area) {
    this.area = area;
    const language = new Compartment();
    const told = (schema) => sql({ dialect: StandardSQL, upperCaseKeywords: true, schema });
    const press = (value) => () => {
      const button = area.form?.querySelector(`button[name=_do][value="${value}"]:not(.first)`);
      button?.click();
      return Boolean(button);
    };
    this.described = new Compartment();
    this.view = new EditorView({
      root: this.shadowRoot ?? this.attachShadow({ mode: "open" }),
      parent: this.shadowRoot,
      state: EditorState.create({
        doc: area.value,
        extensions: [
          // Tab is not bound: it leads on to the next control.
          keymap.of([
            { key: "Mod-Enter", run: press("preview") },
            ...closeBracketsKeymap,
            ...completionKeymap,
            ...historyKeymap,
            ...defaultKeymap,
          ]),
          lineNumbers(),
          highlightSpecialChars(),
          history(),
          drawSelection(),
          bracketMatching(),
          closeBrackets(),
          autocompletion({ icons: false }),
          EditorView.lineWrapping,
          EditorState.readOnly.of(area.readOnly),
          area.placeholder ? placeholder(area.placeholder) : [],
          language.of(told({})),
          syntaxHighlighting(colours),
          look,
          this.described.of(this.description()),
          // Typing over a selection would be the browser's own work, which tries to keep the look of what it removes by a
          // style in the page; the policy forbids that and says so.
          EditorView.domEventHandlers({
            // What is offered goes with the focus, also what is only about to be offered.
            blur: (_, view) => void setTimeout(() => view.hasFocus || closeCompletion(view)),
            beforeinput(event, view) {
              const { from, to, empty } = view.state.selection.main;
              const text = event.data;
              if (empty || view.composing || event.inputType !== "insertText" || !text) return false;
              const typed = () => view.state.update(view.state.replaceSelection(text), { userEvent: "input.type" });
              if (!view.state.facet(EditorView.inputHandler).some((handler) => handler(view, from, to, text, typed))) {
                view.dispatch(typed());
              }
              return true;
            },
          }),
          EditorView.updateListener.of((update) => {
            if (!update.docChanged || this.taking) return;
            area.value = update.state.doc.toString();
            area.dispatchEvent(new Event("input", { bubbles: true }));
          }),
        ],
      }),
    });
    area.addEventListener("focus", () => this.view.focus());
    // The form is on its way: what is offered is in the way, and what was wrong may be gone.
    area.form?.addEventListener("sluice:sync", () => {
      closeCompletion(this.view);
      this.take();
    });
    tables().then((schema) => this.view.dispatch({ effects: language.reconfigure(told(schema)) }));
  }

  // What the text area is called, and what is said about it, for those who do not see it. Ids end at a shadow root, so it is
  // the words themselves.
  description() {
    const { area } = this;
    const ids = (area.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean);
    const words = ids.map((id) => document.getElementById(id)?.textContent.trim() ?? "").filter(Boolean);
    const attributes = { "aria-label": area.labels[0]?.textContent.trim().replace(/\s+/g, " ") ?? "SQL" };
    if (words.length) attributes["aria-description"] = words.join(" ");
    if (area.getAttribute("aria-invalid")) attributes["aria-invalid"] = "true";
    return EditorView.contentAttributes.of(attributes);
  }

  // The page was drawn anew: the text area may say something else by now.
  take() {
    const { area, view } = this;
    const effects = this.described.reconfigure(this.description());
    if (area.value === view.state.doc.toString()) return view.dispatch({ effects });
    this.taking = true;
    view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: area.value }, effects });
    this.taking = false;
  }

  insert(text) {
    const { from, to } = this.view.state.selection.main;
    const before = this.view.state.sliceDoc(Math.max(0, from - 1), from);
    const joined = before && !/[\s(,."]/.test(before) ? ` ${text}` : text;
    this.view.dispatch({ changes: { from, to, insert: joined }, selection: { anchor: from + joined.length } });
    this.view.focus();
  }
}
customElements.define("sluice-editor", Editor);

function dress() {
  document.querySelectorAll("textarea[data-editor=sql]").forEach((area) => {
    let editor = [...area.parentElement.children].find((child) => child instanceof Editor);
    if (editor?.area === area) {
      // What was drawn anew may have come between them; the editor is not moved, so that it keeps its cursor.
      for (let last = editor; area.nextElementSibling !== editor; last = last.nextElementSibling) {
        last.after(area.nextElementSibling);
      }
      editor.take();
    } else {
      editor?.remove();
      editor = document.createElement("sluice-editor");
      area.after(editor);
      editor.mount(area);
    }
    // Not hidden: a link to it leads here, and what it lacks is said here.
    area.classList.add("unseen");
    area.tabIndex = -1;
    area.setAttribute("aria-hidden", "true");
  });
  // Names beside the editor can be pressed only where there is one.
  document.querySelectorAll("code[data-insert]").forEach((name) => {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "quiet" });
    button.dataset.insert = name.dataset.insert;
    button.title = "Put it into the SQL";
    name.removeAttribute("data-insert");
    name.replaceWith(button);
    button.append(name);
  });
}
document.addEventListener("DOMContentLoaded", dress);
document.addEventListener("htmx:afterSettle", dress);
window.addEventListener("pageshow", dress);
// A name that is chosen beside the editor goes to where its cursor is.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-insert]");
  if (button) document.querySelector("sluice-editor")?.insert(button.dataset.insert);
});

// When a part of the page is drawn anew, the editor stays as it is: cursor, history and all.
const callbacks = window.Idiomorph?.defaults.callbacks;
if (callbacks) {
  const ours = ["class", "tabindex", "aria-hidden"];
  const before = callbacks.beforeAttributeUpdated;
  callbacks.beforeNodeRemoved = (node) => !(node instanceof Editor);
  callbacks.beforeAttributeUpdated = (name, node, how) =>
    before(name, node, how) && !(ours.includes(name) && node.matches("textarea[data-editor]"));
}
