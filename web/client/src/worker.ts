// The module that runs as a SharedWorker, one for all tabs of a browser.
import { WorkerHost, type HostPort } from "./worker_host.js";

const host = new WorkerHost();

(globalThis as unknown as { onconnect: (event: MessageEvent) => void }).onconnect = ({ ports: [port] }) => {
  if (port) host.serve(port as HostPort);
};
