// Written by `sendoff install opencode`; `sendoff uninstall opencode` removes it.
// When a session is idle it tells sendoff, which ships in the background. It never throws.
import { spawnSync } from "node:child_process";

const PROGRAM = {program};

export const Sendoff = async ({ directory }) => {
  const children = new Set();

  return {
    event: async ({ event }) => {
      try {
        const properties = event.properties ?? {};
        if (event.type === "session.created" && properties.info?.parentID) {
          children.add(properties.info.id);
        }
        if (event.type !== "session.status" || properties.status?.type !== "idle") return;
        if (children.has(properties.sessionID)) return;
        const payload = { event: "session.status", sessionID: properties.sessionID, directory };
        // Not in the background: `opencode run` ends on this event.
        spawnSync(PROGRAM, ["hook", "opencode"], { cwd: directory, input: JSON.stringify(payload), timeout: 10000 });
      } catch {}
    },
  };
};
