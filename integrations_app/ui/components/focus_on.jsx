// Puts the keyboard at an element that may be drawn only in a moment: at `target`, an id with # and a number behind it.
import { useEffect } from "react";

const TRIES = 40;

function find(id) {
  const found = document.getElementById(id) ?? document.querySelector(`[id^="${CSS.escape(id)}-"]:is(input, select, textarea)`);
  return found && !found.disabled ? found : null;
}

export function FocusOn({ target = "" }) {
  useEffect(() => {
    const id = target.split("#")[0];
    if (!id) return undefined;
    let left = TRIES;
    const timer = setInterval(() => {
      const found = find(id);
      left -= 1;
      if (!found && left > 0) return;
      clearInterval(timer);
      if (!found) return;
      const fold = found.closest("details");
      if (fold) fold.open = true;
      found.focus();
      found.scrollIntoView({ block: "center" });
    }, 50);
    return () => clearInterval(timer);
  }, [target]);
  return null;
}
