// Reads one small text file in the browser, dropped or chosen; nothing is uploaded but its text.
import { useRef, useState } from "react";

export function FileText({ label = "", accept = "", maxBytes = 0, onText, onRefuse }) {
  const [over, setOver] = useState(false);
  const input = useRef(null);
  const take = async (files) => {
    setOver(false);
    if (input.current) input.current.value = "";
    if (files.length !== 1) return onRefuse?.(files.length ? "Drop one file at a time." : "That is no file.");
    if (files[0].size > maxBytes) {
      return onRefuse?.(`${files[0].name} is larger than ${Math.floor(maxBytes / 1024)} KiB.`);
    }
    onText?.(await files[0].text());
  };
  return (
    <label
      className={over ? "file-drop over" : "file-drop"}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        take([...event.dataTransfer.files]);
      }}
    >
      <span>{label}</span>
      <input ref={input} type="file" accept={accept} onChange={(event) => take([...event.target.files])} />
    </label>
  );
}
