// Opens the vendor's page in a popup within the click itself, so that no blocker objects, and reports what became
// of the window. `closed` is only a hint: with some vendors' headers a window that is open looks closed.
import { createElement, useEffect, useRef } from "react";
import { Button } from "@radix-ui/themes";

const SIZE = { width: 620, height: 760 };

function features() {
  const left = Math.max(0, Math.round(window.screenX + (window.outerWidth - SIZE.width) / 2));
  const top = Math.max(0, Math.round(window.screenY + (window.outerHeight - SIZE.height) / 3));
  return `popup,width=${SIZE.width},height=${SIZE.height},left=${left},top=${top}`;
}

export function ConnectButton({ url, label, onOpened, onBlocked, onWindowClosed, ...look }) {
  const timer = useRef(null);
  useEffect(() => () => clearInterval(timer.current), []);
  const open = () => {
    clearInterval(timer.current);
    const popup = window.open(url, "_blank", features());
    if (!popup) {
      onBlocked?.();
      return;
    }
    onOpened?.();
    timer.current = setInterval(() => {
      if (!popup.closed) return;
      clearInterval(timer.current);
      onWindowClosed?.();
    }, 400);
  };
  return createElement(Button, { ...look, type: "button", onClick: open }, label);
}
