/** A forecast in words, as a rehearsal ends and a first real run begins. */
import type { Forecast, Range } from "../app/forecast.ts";
import { table } from "./text.ts";
import { moneyText, timeText, tokensText } from "./units.ts";

export function forecastLines(forecast: Forecast, columns: number): string[] {
  const { duration, sequential, tokens, costUsd, models, runs, success } = forecast;
  const money = (range: Range | undefined, at: keyof Range) => (range ? moneyText(range[at]) : "unknown");
  const rows = [
    ["time", timeText(duration.p50), timeText(duration.p90)],
    ["time, one task after another", timeText(sequential.p50), timeText(sequential.p90)],
    ["tokens", tokensText(tokens.p50), tokensText(tokens.p90)],
    ["cost", money(costUsd, "p50"), money(costUsd, "p90")],
    ...(models.length > 1 ? models.map(modelRow) : []),
  ];
  const only = models.length === 1 && models[0] ? ` with ${models[0].model}` : "";
  const sure = success < 1 ? `; ${Math.round(success * 100)} % of them completed` : "";
  return [
    `Forecast for the real run${only}, from ${runs} rehearsals${sure}:`,
    ...table(
      [
        { title: "", least: 10 },
        { title: "half below", side: "right" },
        { title: "9 in 10 below", side: "right" },
      ],
      rows,
      columns - 2,
    ).map((line) => `  ${line}`),
  ];
}

function modelRow({ model, tokens, costUsd }: Forecast["models"][number]): string[] {
  const both = (at: keyof Range) => `${tokensText(tokens[at])} · ${costUsd ? moneyText(costUsd[at]) : "unknown"}`;
  return [model, both("p50"), both("p90")];
}
