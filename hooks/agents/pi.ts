// Written by `sendoff install pi`; `sendoff uninstall pi` removes it.
// When the agent has settled it tells sendoff, which ships in the background. It never throws.
import { spawnSync } from "node:child_process";

const PROGRAM = {program};

export default function (pi: any) {
  let prompt: string | undefined;
  let answer: string | undefined;

  pi.on("before_agent_start", (event: any) => {
    prompt = event?.prompt;
    answer = undefined;
  });
  pi.on("agent_end", (event: any) => {
    const last = (event?.messages ?? []).filter((message: any) => message?.role === "assistant").at(-1);
    const parts = Array.isArray(last?.content) ? last.content : [];
    answer = parts.filter((part: any) => part?.type === "text").map((part: any) => part.text).join("\n");
  });
  pi.on("agent_settled", (event: any, ctx: any) => {
    try {
      const payload = {
        event: "agent_settled",
        cwd: ctx?.cwd,
        aborted: event?.aborted === true,
        prompt,
        last_assistant_message: answer,
      };
      spawnSync(PROGRAM, ["hook", "pi"], { cwd: ctx?.cwd, input: JSON.stringify(payload), timeout: 10000 });
    } catch {}
  });
}
