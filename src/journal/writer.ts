/** What the writer's thread runs. */
import { workerData } from "node:worker_threads";
import type { WriterData } from "./channel.ts";
import { loadOpen } from "./database.ts";
import { serve } from "./serve.ts";

serve(workerData as WriterData, { open: await loadOpen() });
