// @ts-check
import { cancelJob, newJob } from "../model/actions.js";
import { count, kilometres, minutes, plural } from "../model/format.js";
import { JOB_STATES, shortId } from "../model/words.js";
import { useStore } from "../ui/hooks.js";
import { html } from "../ui/html.js";
import { Icon, Stage } from "../ui/icons.js";
import { Age, Until } from "./ages.js";
import { Board, Page, Place } from "./board.js";

/** @typedef {import("../app.js").App} App @typedef {import("../model/types.js").Job} Job */

const TRUSTED = 0.5; // as services/trust.py
const STAGES = ["pending", "assigned", "in_transit"];

/** Open jobs: where packs go, who brings them, and how far they are. @param {{app: App}} props */
export function Jobs({ app }) {
  useStore(app.store, ["jobs", "stations"], 120);
  const order = async () => (app.asking.value = newJob(app.store, await app.list("partner:list")));
  return html`<${Page} app=${app} name="Jobs">
    <${Board}
      title="Jobs"
      caption="Open transport jobs; the map shows their vans"
      columns=${columnsOf(app)}
      rows=${[...app.store.work.jobs.values()]}
      idOf=${(/** @type {Job} */ job) => job.job_id}
      first=${{ by: "age", down: true }}
      over=${(/** @type {string | null} */ id) => (app.job.value = id)}
      empty="No packs are on their way. A new job reserves packs and is offered to the nearest transporters."
    >
      <button class="chip is-strong" type="button" onClick=${order}><${Icon} name="plus" />New job</button>
    <//>
  <//>`;
}

/** @param {App} app @returns {import("./board.js").Column<Job>[]} */
function columnsOf(app) {
  return [
    {
      key: "route",
      label: "Route",
      hint: "From where to where",
      of: (job) => job.from.name,
      cell: (job) => html`<${Route} app=${app} job=${job} />`,
    },
    {
      key: "state",
      label: "State",
      of: (job) => STAGES.indexOf(job.state),
      cell: (job) => html`<span class="stated" data-state=${job.state}>
        <${Stage} of=${STAGES.indexOf(job.state)} />${JOB_STATES[job.state]}
      </span>`,
    },
    {
      key: "carrier",
      label: "Transporter",
      of: (job) => job.assignee_name ?? job.assignee_id ?? "",
      cell: (job) =>
        job.assignee_id
          ? (job.assignee_name ?? job.assignee_id)
          : html`<span class="muted">nobody yet</span>`,
    },
    { key: "packs", label: "Packs", of: (job) => job.battery_count, down: true, cell: packs },
    {
      key: "way",
      label: "To go",
      hint: "Until the end where the van goes next",
      of: (job) => app.store.work.vans.get(job.job_id)?.distance_left_m ?? Infinity,
      cell: (job) => html`<${Way} app=${app} job=${job} />`,
    },
    {
      key: "age",
      label: "Age",
      hint: "Since it was ordered",
      of: (job) => app.store.now - Date.parse(job.created_at),
      down: true,
      cell: (job) => html`<${Age} store=${app.store} at=${job.created_at} />`,
    },
    {
      key: "priority",
      label: "Priority",
      hint: "5 is the most urgent",
      of: (job) => job.priority,
      down: true,
      cell: (job) => job.priority,
    },
    {
      key: "credits",
      label: "Credits",
      of: (job) => job.credits,
      down: true,
      cell: (job) => count(job.credits),
    },
    {
      key: "act",
      label: "Actions",
      cell: (
        job,
      ) => html`<button class="chip" type="button" onClick=${() => (app.asking.value = cancelJob(job))}>
        Cancel<span class="unseen"> the job from ${job.from.name} to ${job.to.name}</span>
      </button>`,
    },
  ];
}

/** @param {{app: App, job: Job}} props */
function Route({ app, job }) {
  return html`<span class="route">
    <span class="ends"><${End} app=${app} end=${job.from} /><${Icon} name="arrow" /><span class="unseen"> to </span><${End} app=${app} end=${job.to} /></span>
    <small class="muted" title=${job.job_id}><span class="mono">${shortId(job.job_id)}</span>${job.order_reason && ` ${job.order_reason}`}</small>
  </span>`;
}

/** @param {{app: App, end: import("../model/types.js").JobEnd}} props */
function End({ app, end }) {
  if (end.kind === "station") return html`<${Place} app=${app} id=${end.id} name=${end.name} />`;
  return html`<span title="A partner">${end.name}</span>`;
}

/** @param {Job} job */
function packs(job) {
  const differs = job.differences.length > 0;
  const aboard = job.state === "in_transit" ? job.loaded_ids.length : job.battery_count;
  if (!differs) return count(aboard);
  return html`<span class="is-bad" title="Other packs were scanned than expected">
    ${count(aboard)} of ${plural(job.battery_count, "pack")}
  </span>`;
}

/** Told once a second by the van itself, so it is drawn apart from its row. @param {{app: App, job: Job}} props */
function Way({ app, job }) {
  useStore(app.store, ["vans"], 250);
  const van = app.store.work.vans.get(job.job_id);
  if (job.state === "pending")
    return html`<span class="muted">offer ends in <${Until} store=${app.store} at=${job.expires_at} over="a moment" /></span>`;
  if (!van) return html`<span class="muted">not seen yet</span>`;
  const doubted = (van.trust ?? 1) < TRUSTED;
  return html`<span data-left=${van.distance_left_m}>${kilometres(van.distance_left_m)}, ${minutes(van.eta_minutes)}</span>
    ${doubted && html` <span class="is-bad" title="The phone’s positions do not look real">(doubted)</span>`}`;
}
