// @ts-check
import { Wish, explain } from "../model/problem.js";
import { useSignal, useStore } from "../ui/hooks.js";
import { html, useEffect, useRef, useState } from "../ui/html.js";

/**
 * @typedef {import("../app.js").App} App
 * @typedef {import("../model/actions.js").Question} Question
 * @typedef {import("../model/actions.js").Field} Field
 * @typedef {import("../model/problem.js").Problem} Problem
 */

/** What is asked of the operator now, if anything. @param {{app: App}} props */
export function Asking({ app }) {
  const question = useSignal(app.asking);
  return question && html`<${Dialog} key=${question} app=${app} question=${question} />`;
}

/** A question with fields; what cannot be taken back lightly is shown once more before it is sent. @param {{app: App, question: Question}} props */
function Dialog({ app, question }) {
  useStore(app.store, ["staff", "diversions"], 500);
  const box = useRef(null);
  const wish = useRef(new Wish());
  const [values, setValues] = useState(question.values);
  const [step, setStep] = useState(/** @type {"fill" | "confirm" | "sent"} */ ("fill"));
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  useEffect(() => open(box.current, app), []);

  /** @param {string} name @param {any} value */
  const set = (name, value) => setValues((now) => ({ ...now, [name]: value }));
  /** @param {Event} event */
  const next = async (event) => {
    event.preventDefault();
    const why = question.refuse?.(values);
    if (why) return setProblem({ code: "", message: why });
    setProblem(null);
    if (question.review && step === "fill") return setStep("confirm");
    setStep("sent");
    const answer = await app.call(question.event, question.payload(values), wish.current);
    if (answer.ok) return (app.asking.value = null);
    setProblem(answer.error);
    setStep("fill");
  };
  return html`<dialog class="ask" ref=${box} aria-labelledby="ask-title" onClose=${() => (app.asking.value = null)}>
    <form onSubmit=${next}>
      <h2 id="ask-title">${question.title}</h2>
      ${
        step === "confirm" && question.review
          ? html`<p class="review">${question.review(values)}</p>`
          : html`<${Fields} question=${question} values=${values} set=${set} busy=${step === "sent"} />`
      }
      <div role="alert">${problem && html`<${Why} problem=${problem} />`}</div>
      <${Buttons} question=${question} step=${step} back=${() => setStep("fill")} close=${() => box.current.close()} />
    </form>
  </dialog>`;
}

/** Focus goes into the dialog, and back to where it was. @param {HTMLDialogElement} box @param {App} app */
function open(box, app) {
  const from = /** @type {HTMLElement | null} */ (document.activeElement);
  box.showModal();
  return () => {
    const there = from?.isConnected ? from : document.querySelector(".tabs [data-on=true]");
    /** @type {HTMLElement | null} */ (there)?.focus();
    app.job.value = null;
  };
}

/** @param {{question: Question, values: any, set: (name: string, value: any) => void, busy: boolean}} props */
function Fields({ question, values, set, busy }) {
  return html`<p class="ask-text">${question.text}</p>
    <fieldset disabled=${busy}>
      ${question
        .fields(values)
        .map(
          (field) =>
            html`<${Entry} key=${field.name} field=${field} value=${values[field.name]} set=${set} />`,
        )}
    </fieldset>`;
}

/** @param {{field: Field, value: any, set: (name: string, value: any) => void}} props */
function Entry({ field, value, set }) {
  const { name, label, kind, hint } = field;
  if (kind === "checks") return html`<${Checks} field=${field} value=${value} set=${set} />`;
  /** @param {any} event */
  const typed = (event) => set(name, event.target.value);
  const shared = { id: `ask-${name}`, name, required: field.required, onInput: typed };
  return html`<div class="field">
    <label for=${shared.id}>${label}</label>
    ${
      kind === "select" &&
      html`<select ...${shared} value=${value}>
      ${field.options?.map((one) => html`<option key=${one.value} value=${one.value} selected=${one.value === value}>${one.label}</option>`)}
    </select>`
    }
    ${
      kind === "number" &&
      html`<input ...${shared} type="number" inputmode="numeric" min=${field.min} max=${field.max} value=${value} />`
    }
    ${kind === "text" && html`<textarea ...${shared} rows="2" maxlength=${field.max} value=${value}></textarea>`}
    ${hint && html`<small>${hint}</small>`}
  </div>`;
}

/** @param {{field: Field, value: string[], set: (name: string, value: any) => void}} props */
function Checks({ field: { name, label, options = [], hint }, value, set }) {
  /** @param {string} one @param {boolean} on */
  const toggle = (one, on) => set(name, on ? [...value, one] : value.filter((other) => other !== one));
  return html`<div class="field" role="group" aria-labelledby=${`ask-${name}`}>
    <span class="label" id=${`ask-${name}`}>${label}</span>
    ${options.map(
      (one) => html`<label class="check" key=${one.value}>
        <input
          type="checkbox"
          value=${one.value}
          checked=${value.includes(one.value)}
          onChange=${(/** @type {any} */ event) => toggle(one.value, event.target.checked)}
        />${one.label}
      </label>`,
    )}
    ${options.length === 0 && hint && html`<small>${hint}</small>`}
  </div>`;
}

/** @param {{problem: Problem}} props */
function Why({ problem }) {
  const { text, code } = explain(problem);
  return html`<p class="why">${text} ${code && html`<code>${code}</code>`}</p>`;
}

/** @param {{question: Question, step: string, back: () => void, close: () => void}} props */
function Buttons({ question, step, back, close }) {
  const words = step === "sent" ? "Sending …" : question.review && step === "fill" ? "Next" : question.submit;
  return html`<div class="ask-end">
    <button class="chip" type="button" onClick=${step === "confirm" ? back : close}>
      ${step === "confirm" ? "Back" : "Close"}
    </button>
    <button class=${question.danger ? "primary is-danger" : "primary"} type="submit" disabled=${step === "sent"}>
      ${words}
    </button>
  </div>`;
}
