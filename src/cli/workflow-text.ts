/** One workflow in full, for a person and as JSON. */
import type { AgentTask } from "../domain/plan.ts";
import { describeParameters } from "../workflows/parameters.ts";
import type { WorkflowTemplate } from "../workflows/template.ts";
import type { Io } from "./io.ts";
import { oneLine, painter, table, wrap } from "./text.ts";
import { timeText } from "./units.ts";

/** With its defaults; a workflow that needs parameters has no tasks before it gets them. */
function tasksOf(template: WorkflowTemplate): readonly AgentTask[] | undefined {
  const parsed = template.parameters.safeParse({});
  return parsed.success ? template.buildTasks(parsed.data) : undefined;
}

export function workflowBody(template: WorkflowTemplate): object {
  const { id, name, description, category, tags, estimatedDuration, complexity, version } = template;
  const tasks = tasksOf(template)?.map(({ id: task, agentName, description: what, dependencies = [], phase }) => ({
    ...{ id: task, agentName, description: what, dependencies, phase },
  }));
  const entry = { id, name, version, description, category, tags, estimatedDuration, complexity };
  return { ...entry, parameters: describeParameters(template), tasks: tasks ?? [] };
}

export function workflowText(io: Io, template: WorkflowTemplate): string {
  const { id, name, version, description, estimatedDuration, complexity } = template;
  const paint = painter(io.isColoured);
  const parameters = describeParameters(template).map(
    ({ name: key, type, required, default: preset, description: what }) => {
      const value = required ? "needed" : preset === undefined ? "" : JSON.stringify(preset);
      return `  ${paint("bold", key)}  ${paint("dim", [type, value].filter(Boolean).join(", "))}\n${wrap(oneLine(what), io.columns, "      ")}`;
    },
  );
  const tasks = tasksOf(template) ?? [];
  const rows = tasks.map((task) => [
    `  ${task.id}`,
    task.agentName,
    task.gate
      ? "a person decides"
      : (task.dependencies ?? []).length > 0
        ? `after ${task.dependencies?.join(", ")}`
        : "",
  ]);
  const titles = [{ title: "  task" }, { title: "agent" }, { title: "waits", least: 12 }];
  return [
    `${paint("bold", id)}  ${name}, version ${version}`,
    wrap(oneLine(description), io.columns),
    `About ${timeText(estimatedDuration * 1000)} of work along its longest path; complexity ${complexity}.`,
    "",
    ...(parameters.length > 0 ? ["Parameters (-p name=value):", ...parameters, ""] : []),
    "Tasks, with the defaults:",
    ...table(titles, rows, io.columns),
    "",
    `Try it: ${io.me} run ${id} --rehearse --speed max`,
  ].join("\n");
}
