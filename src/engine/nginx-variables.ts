// Variables that the Lua side sets for few requests only. As maps they cost nothing until somebody sets or reads them, where
// `set` would cost every request. Fixed text: nothing here comes from settings or from the cluster.

/** The question that another server is asked about a request, and its verdict (data-plane/external-auth.ts). */
const question = [
  'asked', 'verdict', 'ask_class', 'ask_service', 'ask_scheme', 'ask_shard', 'ask_host', 'ask_uri', 'ask_method', 'ask_original', 'ask_redirect', 'ask_headers',
  'ask_key', 'ask_kept', 'ask_xf_host', 'ask_xf_port', 'ask_xf_proto', 'ask_xf_scheme',
];

/** What backends are told of a client's certificate (data-plane/client-certificate.ts). */
const client = ['client_verify', 'client_subject', 'client_issuer', 'client_cert'];

/** Whose a request was, for the log of requests (data-plane/access-log.ts). */
const logged = ['log_class', 'log_ingress', 'log_service'];

/** What a request keeps when it goes on in another location (data-plane/enter.ts), and what few policies ask for. */
const kept = ['body', 'counted', 'sent', 'held', 'tries', 'turn', 'prefix', 'original', 'rate_after'];

/** Of the client and its way: as the connection has it, unless a trusted proxy says otherwise (data-plane/forwarded.ts). */
const forwarded: Readonly<Record<string, string>> = {
  address: '$remote_addr', forwarded_for: '$remote_addr', forwarded_host: '$ia_host', logged: 'yes',
};

/** The same by the port that the PROXY protocol tells; see nginx-listener.ts. */
const ofProxy = [
  'map $ia_from_proxy $ia_proxy_port { default ""; yes $proxy_protocol_server_port; }',
  'map $ia_proxy_port $ia_forwarded_port { default $ia_proxy_port; "" $server_port; }',
  'map $ia_proxy_port $ia_forwarded_proto { default $scheme; 443 https; }',
];

const lazy = [...question, ...client, ...logged, ...kept];

/** Lines of the http block. */
export function lazyVariables(): string {
  return [
    ...lazy.map((name) => `map "" $ia_${name} { default "${name === 'rate_after' ? '0' : ''}"; }`),
    ...Object.entries(forwarded).map(([name, value]) => `map "" $ia_${name} { default ${value}; }`), ...ofProxy,
    '# Only what is part of another value can be set from Lua; this one is never read.',
    `map "${lazy.map((name) => `$ia_${name}`).join('')}" $ia_settable { default ""; }`,
  ].join('\n');
}
