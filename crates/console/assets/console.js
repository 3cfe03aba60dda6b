// The little that pages do in the browser. Everything works without it: it saves reloads, and no more.
"use strict";
(() => {
  const each = (root, selector, act) => {
    if (root.matches?.(selector)) act(root);
    root.querySelectorAll?.(selector).forEach(act);
  };

  // Times in the reader's own zone, and how far away they are.
  const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const far = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  const near = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
  const hour = new Intl.DateTimeFormat("en-GB", { timeStyle: "short" });
  const clock = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
  function time(element) {
    const at = new Date(element.dateTime);
    if (isNaN(at)) return;
    element.title = element.dateTime;
    if (element.hasAttribute("data-distance")) {
      const seconds = (at - Date.now()) / 1000;
      const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) ?? units[3];
      element.textContent = far.format(Math.round(seconds / size), unit);
    } else {
      element.textContent = (element.hasAttribute("data-clock") ? clock : near).format(at);
    }
  }

  // A form that is sent once is not sent again by an impatient click; the server would not do it twice either.
  const busy = new Set();
  const uploads = (form) => form.hasAttribute("data-upload");
  function free(form) {
    busy.delete(form);
    each(form, "[aria-disabled]", (button) => button.removeAttribute("aria-disabled"));
  }
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    const ask = event.submitter?.dataset.ask ?? form.dataset.ask;
    if (ask && !confirm(ask)) return event.preventDefault();
    if (busy.has(form)) return event.preventDefault();
    busy.add(form);
    event.submitter?.setAttribute("aria-disabled", "true");
    if (uploads(form)) {
      event.preventDefault();
      return send(form, event.submitter);
    }
    sessionStorage.setItem("sent", event.submitter?.hasAttribute("formaction") ? event.submitter.formAction : form.action);
    // No event tells that the browser stopped: after a while, and with Escape, it may be sent again.
    setTimeout(() => free(form), 10_000);
  });
  window.addEventListener("pageshow", (event) => event.persisted && busy.forEach(free));

  // A file on its way: how far it is, and a way to stop it. The answer leads on, or takes the place of the form with the
  // file still chosen.
  function send(form, submitter) {
    const box = form.querySelector("[data-sending]");
    const [bar, said, stop] = ["progress", "[role=status]", "[data-stop]"].map((part) => box.querySelector(part));
    const request = new XMLHttpRequest();
    const ended = (words) => {
      free(form);
      bar.value = 0;
      bar.hidden = stop.hidden = true;
      said.textContent = words;
    };
    box.hidden = bar.hidden = stop.hidden = false;
    stop.onclick = () => request.abort();
    request.upload.onprogress = (event) => {
      bar.value = event.loaded / event.total;
      const tens = `${Math.floor(bar.value * 10) * 10} %`;
      if (said.textContent !== tens) said.textContent = tens;
    };
    request.upload.onload = () => {
      bar.removeAttribute("value");
      said.textContent = "All of it is there. The server reads it.";
    };
    request.onabort = () => ended("Stopped. Nothing was kept.");
    request.onerror = () => ended("The connection broke off. Nothing was kept: send it again.");
    request.onload = () => {
      if (request.responseURL !== form.action) return location.assign(request.responseURL);
      if (request.getResponseHeader("X-Sign-In")) return ended("Your session has ended. Sign in in another tab, then send it again.");
      const main = found(request, "main");
      if (!main?.querySelector("[data-upload]")) return ended(reasons(request).join(" "));
      const { files } = form.querySelector("[type=file]");
      document.querySelector("main").replaceWith(main);
      each(main, "[data-upload] [type=file]", (input) => (input.files = files));
      htmx.process(main);
      dress(main);
      document.getElementById("faults")?.focus();
    };
    request.open("POST", form.action);
    request.send(new FormData(form, submitter));
  }

  // A form that knows whether something in it is not saved, and asks before it is left.
  const touch = (form) => form?.matches("[data-watch]") && form.classList.add("changed");
  document.addEventListener("input", (event) => touch(event.target.closest("form")));
  window.addEventListener("beforeunload", (event) => {
    const sent = [...busy].map((form) => form.action);
    document.querySelectorAll("form.changed").forEach((form) => sent.includes(form.action) || event.preventDefault());
  });
  // A page that is itself the answer to a form has in it what is not saved; what was saved leads on to another one.
  function arrived() {
    const [way] = performance.getEntriesByType("navigation");
    const sent = sessionStorage.getItem("sent");
    sessionStorage.removeItem("sent");
    if (sent !== location.href || way?.redirectCount || way?.type !== "navigate") return;
    each(document, "form[data-watch]", (form) => form.action === sent && touch(form));
  }
  // What was done is told once, and not again by a reload or a bookmark.
  function tell() {
    const here = new URL(location);
    const told = ["done", "told"].filter((name) => here.searchParams.has(name));
    told.forEach((name) => here.searchParams.delete(name));
    if (told.length) history.replaceState(null, "", here);
  }

  // What an answer says instead of what was asked for: a problem document, or a page of its own.
  const page = (request) => new DOMParser().parseFromString(request.responseText, "text/html");
  const found = (request, part) => page(request).querySelector(part);
  function reasons(request) {
    let said;
    try {
      const { title, hint, problems } = JSON.parse(request.responseText);
      const places = problems?.map((place) => `${place.at}: ${[place.message, place.hint].filter(Boolean).join("; ")}`);
      said = [title, hint, ...(places ?? [])];
    } catch {
      said = [...page(request).querySelectorAll("h1, .faults p, .faults li")].map((element) => element.textContent.trim());
    }
    said = said.filter(Boolean);
    return said.length ? said : ["This did not work. Try it again."];
  }

  // The form that a request is about, and whether somebody pressed something in it or the page asks by itself.
  const formOf = (asker) =>
    asker.closest("form") ?? (asker.hasAttribute("hx-include") ? document.querySelector(asker.getAttribute("hx-include")) : null);
  const pressed = (asker) => asker.matches("form, button") || asker.closest("form");
  let refused = null, seen = new Date(), over = false;
  // Something did not work: it is said above, and what was typed stays as it is.
  function refuse(asker, lines) {
    const box = document.getElementById("refused");
    refused = formOf(asker)?.id || asker.id;
    box.hidden = false;
    box.replaceChildren(...lines.map((line) => Object.assign(document.createElement("p"), { textContent: line })));
    if (pressed(asker)) box.scrollIntoView({ block: "center" });
  }
  function unanswered(asker) {
    if (pressed(asker)) return refuse(asker, ["The server does not answer. What you typed is still here: try it again."]);
    const line = document.getElementById("offline");
    if (!line.hidden) return;
    line.hidden = false;
    line.textContent = `The server does not answer. What you see is as of ${hour.format(seen)}.`;
  }
  function answered(asker) {
    [seen, over] = [new Date(), false];
    document.getElementById("offline").hidden = true;
    if (refused !== (formOf(asker)?.id || asker.id)) return;
    const box = document.getElementById("refused");
    box.hidden = true;
    box.replaceChildren();
  }
  ["htmx:sendError", "htmx:timeout"].forEach((type) =>
    document.addEventListener(type, (event) => unanswered(event.detail.requestConfig.elt)));

  // An answer takes the place of a part only where it has that part.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { detail } = event;
    const { xhr, target, requestConfig: { elt, verb } } = detail;
    const to = xhr.getResponseHeader("X-Sign-In");
    const part = detail.select ?? elt.getAttribute("hx-select") ?? (target.id && `#${target.id}`);
    if (!to && (!detail.shouldSwap || (part ? found(xhr, part) : xhr.status < 400))) return answered(elt);
    detail.shouldSwap = false;
    if (to) signIn(to, elt, verb);
    else if (xhr.status >= 500 && !pressed(elt)) unanswered(elt);
    else refuse(elt, reasons(xhr));
  });
  // A session that ended: the page goes to the sign-in, unless what was typed would be lost on the way.
  function signIn(to, elt, verb) {
    const form = formOf(elt);
    if (verb !== "post" || !form || !pressed(elt)) {
      if (!document.querySelector("form.changed")) return location.assign(to);
      over = true;
      return refuse(elt, ["Your session has ended. What you typed is still here: save to sign in again."]);
    }
    // Sent by the browser itself, what was typed goes along and comes back after the sign-in.
    busy.add(form);
    const show = Object.assign(document.createElement("input"), { type: "hidden", name: "_do", value: "show" });
    form.append(show);
    form.submit();
  }

  // A request that somebody does not want to wait for any longer.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-abort]");
    if (!button) return;
    htmx.trigger(document.querySelector(button.dataset.abort), "htmx:abort");
    document.querySelector("[data-aborted]").textContent = "Cancelled. Nothing was sent.";
  });
  // One that takes its time: what the last one found is not said of it, and that it runs can be seen.
  document.addEventListener("htmx:beforeSend", (event) => {
    const { elt, target } = event.detail;
    const shown = elt.getAttribute("hx-indicator");
    if (!shown) return;
    each(target, ".faults, .fault", (fault) => fault.remove());
    each(target, ".wrong", (field) => field.classList.remove("wrong"));
    each(target, "[aria-invalid]", (field) => field.removeAttribute("aria-invalid"));
    each(target, "[data-aborted]", (words) => (words.textContent = ""));
    elt.form?.dispatchEvent(new CustomEvent("sluice:sync"));
    document.querySelector(shown).scrollIntoView({ block: "nearest" });
  });

  // What somebody is typing stays as it is, whatever comes in the meantime.
  if (window.Idiomorph) Idiomorph.defaults.ignoreActiveValue = true;
  // What somebody opened stays open, and a time that did not change keeps its words.
  if (window.Idiomorph) {
    const { callbacks } = Idiomorph.defaults;
    // And what is not saved is not saved yet.
    callbacks.beforeAttributeUpdated = (name, element) =>
      !(name === "open" && element.tagName === "DETAILS") && !(name === "class" && element.matches("form.changed"));
    callbacks.beforeNodeMorphed = (before, after) => {
      // What was typed while the answer was on its way is newer than the answer.
      const known = drawn.get(before);
      if (known && before.name === after.name && state(before) !== known.state) {
        after[ticks(before) ? "checked" : "value"] = state(before);
        if (before.tagName === "INPUT" && !ticks(before)) after.setAttribute("value", before.value);
      }
      return !(before.tagName === "TIME" && after.tagName === "TIME" && before.dateTime === after.dateTime);
    };
  }
  const ticks = (field) => ["checkbox", "radio"].includes(field.type);
  const state = (field) => (ticks(field) ? field.checked : field.value);
  // The fields of what is drawn anew as they were sent, each with its request: one may begin before another has settled.
  const drawn = new Map();
  document.addEventListener("htmx:beforeSend", ({ detail: { target, xhr } }) =>
    each(target, "input, select, textarea", (field) => drawn.set(field, { state: state(field), xhr })));
  document.addEventListener("htmx:afterSettle", ({ detail: { xhr } }) =>
    drawn.forEach((known, field) => known.xhr === xhr && drawn.delete(field)));
  // A page that nobody sees asks for nothing, and nothing is drawn over a file on its way.
  const sending = () => [...busy].some(uploads);
  document.addEventListener("htmx:beforeRequest", (event) => {
    const { elt, xhr } = event.detail;
    const polls = elt.hasAttribute("data-poll");
    if ((polls && (document.hidden || sending())) || (over && !pressed(elt))) event.preventDefault();
    else if (polls) xhr.timeout = 20_000;
  });
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    if (event.detail.requestConfig.elt.hasAttribute("data-poll") && sending()) event.preventDefault();
  });

  // A form that is drawn anew, because a field others depend on changed or a button changes a list: what the server would
  // answer without script takes the form's place, focus and all.
  const typed = new Map();
  let led = null;
  function redraw(event) {
    const control = event.target.closest?.("[data-redraw]");
    const form = control?.form;
    if (!form) return;
    const button = control.tagName === "BUTTON";
    // A date is whole only when somebody has left it; until then each digit would be a change.
    const slow = ["date", "time", "number"].includes(control.type);
    if (event.type !== (button ? "click" : slow ? "focusout" : "change")) return;
    if (slow && control.value === control.defaultValue) return;
    event.preventDefault();
    form.dispatchEvent(new CustomEvent("sluice:sync"));
    const values = button ? { [control.name]: control.value } : { _do: "show" };
    const list = button && /^(\w+):(.+?)(?:\.(\d+))?$/.exec(control.value);
    if (list) touch(form);
    led = list && { form, list, names: new Set([...form.elements].map((field) => field.name)) };
    // The server does not send secrets back: what was typed stays here.
    each(form, "input[type=password]", (field) => typed.set(field.id, field.value));
    // A field that is still empty does not keep the form from being drawn anew.
    const strict = !form.noValidate;
    form.noValidate = true;
    htmx.ajax("POST", control.formAction && control.hasAttribute("formaction") ? control.formAction : form.action, {
      source: form, target: form, select: "#" + form.id, swap: "morph:outerHTML", values,
    }).catch(() => {});
    form.noValidate = !strict;
  }
  // The focus follows what a button of a list did: what moved, what took the place of what went, what came.
  function lead({ form, list: [same, verb, list, at], names }) {
    const fields = [...form.elements];
    const button = (...wanted) => wanted.map((value) => fields.find((field) => field.value === value)).find(Boolean);
    const next = {
      up: () => button(`up:${list}.${at - 1}`, same),
      down: () => button(`down:${list}.${+at + 1}`, same),
      remove: () => button(same, `remove:${list}.${at - 1}`) ?? fields.find((field) => field.value?.endsWith(`:${list}`)),
    }[verb];
    const fresh = (field) => field.name.startsWith(`${list}.`) && !names.has(field.name) && field.getClientRects().length;
    (next ? next() : fields.find(fresh))?.focus();
  }
  ["click", "change", "focusout"].forEach((type) => document.addEventListener(type, redraw));

  function copy(button) {
    if (!navigator.clipboard) return;
    button.hidden = false;
    button.onclick = async () => {
      await navigator.clipboard.writeText(button.parentElement.querySelector("code").textContent);
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 2000);
    };
  }

  function dress(root) {
    each(root, "time[datetime]", time);
    each(root, "[data-copy]", copy);
    each(root, "[data-script]", (element) => (element.hidden = false));
    each(root, "[data-clean]", () => history.replaceState(null, "", location.pathname));
    each(root, "a[data-follow]", (link) => location.replace(link.href));
  }
  document.addEventListener("DOMContentLoaded", () => {
    arrived();
    tell();
    dress(document);
    // What went wrong is said first.
    document.getElementById("faults")?.focus();
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    dress(event.detail.elt);
    if (led?.form === event.detail.elt) lead(led);
    each(document, "input[type=password]", (field) => (field.value ||= typed.get(field.id) ?? ""));
    typed.clear();
  });
  // A menu that is open closes when something else is chosen.
  document.addEventListener("click", (event) => {
    document.querySelectorAll("details.menu[open]").forEach((menu) => menu.contains(event.target) || (menu.open = false));
  });
  // A right click on something that has a menu opens it; with Shift the browser's own comes.
  document.addEventListener("contextmenu", (event) => {
    const menu = event.target.closest?.("[data-context]")?.querySelector("details.menu");
    if (!menu || event.shiftKey) return;
    event.preventDefault();
    document.querySelectorAll("details.menu[open]").forEach((other) => (other.open = other === menu));
    menu.open = true;
    menu.querySelector("a, button")?.focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    document.querySelectorAll("details.menu[open]").forEach((menu) => (menu.open = false));
    busy.forEach((form) => uploads(form) || free(form));
    sessionStorage.removeItem("sent");
  });
})();
