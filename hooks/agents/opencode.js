// Written by `sendoff install opencode`; `sendoff uninstall opencode` removes it.
// When a session is idle it tells sendoff, which ships in the background. It never throws.
import { spawnSync } from "node:child_process";

const PROGRAM = {program};

export const Sendoff = async ({ directory }) => {
  const children = new Set();
  const prompts = new Map();

  return {
    "chat.message": async ({ sessionID }, { parts }) => {
      try {
        const texts = parts.filter((part) => part.type === "text" && !part.synthetic);
        prompts.set(sessionID, texts.map((part) => part.text).join("\n"));
      } catch {}
    },
    event: async ({ event }) => {
      try {
        const properties = event.properties ?? {};
        if (event.type === "session.created" && properties.info?.parentID) {
          children.add(properties.info.id);
        }
        if (event.type !== "session.status" || properties.status?.type !== "idle") return;
        const { sessionID } = properties;
        if (children.has(sessionID)) return;
        const payload = { event: "session.status", sessionID, directory, prompt: prompts.get(sessionID) };
        // Not in the background: `opencode run` ends on this event.
        spawnSync(PROGRAM, ["hook", "opencode"], { cwd: directory, input: JSON.stringify(payload), timeout: 10000 });
      } catch {}
    },
  };
};
