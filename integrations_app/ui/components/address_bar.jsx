// Writes an address of the same page into the browser's bar.
import { useEffect } from "react";

export function AddressBar({ address = "" }) {
  useEffect(() => {
    const path = address.split("?")[0];
    const here = window.location.pathname + window.location.search;
    if (address && path === window.location.pathname && here !== address) {
      window.history.replaceState(window.history.state, "", address);
    }
  }, [address]);
  return null;
}
