// A value shown this once. It comes by an event and stays in this component: no state of the server holds it, so
// neither a reload nor another page brings it back.
import { createElement, useImperativeHandle, useState } from "react";
import { Button, Callout, Code, Flex } from "@radix-ui/themes";

export function OneTimeSecret({ ref, id, words, copyWords }) {
  const [value, setValue] = useState("");
  useImperativeHandle(ref, () => ({ set value(given) { setValue(String(given ?? "")); } }), []);
  const copy = () => navigator.clipboard.writeText(value);
  const shown = value && createElement(
    Callout.Root,
    { size: "1" },
    createElement(Callout.Text, null, words),
    createElement(Code, { style: { overflowWrap: "anywhere" } }, value),
    createElement(
      Flex,
      { gap: "2" },
      createElement(Button, { type: "button", size: "1", variant: "soft", onClick: copy }, copyWords),
      createElement(
        Button,
        { type: "button", size: "1", variant: "soft", color: "gray", onClick: () => setValue("") },
        "Done",
      ),
    ),
  );
  return createElement("div", { id, role: "status" }, shown || null);
}
