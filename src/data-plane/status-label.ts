// The status of an answer as a label value. A pod may answer with any number; only registered ones have a label of their own.

const REGISTERED = [
  200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 307, 308,
  400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 421, 422, 423, 424, 425, 426, 428, 429, 431, 451,
  500, 501, 502, 503, 504, 505, 506, 507, 508, 511,
  // The client has gone (nginx); a WebSocket or another protocol took over.
  499, 101,
];

const labels: Record<number, string | undefined> = {};
for (const status of REGISTERED) labels[status] = tostring(status);

/** The number itself when HTTP knows it, else its class as `4xx`, else `other`. */
export function statusLabel(status: number): string {
  const label = labels[status];
  if (label !== undefined) return label;
  return status >= 100 && status < 600 ? tostring(math.floor(status / 100)) + 'xx' : 'other';
}
