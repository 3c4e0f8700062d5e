// Variables that the Lua side sets. They are declared where no request comes by: a `set` on its way, or a map, would cost every
// request. Fixed text: nothing here comes from settings or from the cluster.

import { cgiParams } from '../route-table/cgi-params.js';
import { corsDefaults } from '../route-table/cors-defaults.js';
import { quote } from './nginx-text.js';

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
const kept = ['body', 'counted', 'sent', 'held', 'tries', 'turn', 'prefix', 'original', 'rate_after', 'relay', 'relay_socket', 'cgi'];

/** Of the request and its way: as the client and the connection have it, unless something else is given (data-plane/go-on.ts). */
const forwarded: Readonly<Record<string, string>> = {
  host: '$http_host', backend_host: '$ia_host', scheme: 'http', address: '$remote_addr', forwarded_for: '$remote_addr', forwarded_host: '$ia_host', logged: 'yes',
};

/** The same by the port that the PROXY protocol tells; see nginx-listener.ts. */
const ofProxy = [
  'map $ia_from_proxy $ia_proxy_port { default ""; yes $proxy_protocol_server_port; }',
  'map $ia_proxy_port $ia_forwarded_port { default $ia_proxy_port; "" $server_port; }',
  'map $ia_proxy_port $ia_forwarded_proto { default $scheme; 443 https; }',
];

/** What an answer lets pages of other origins do (data-plane/cors.ts): the header, and the variable that it is added from. */
const cors = [
  ['Access-Control-Allow-Origin', 'origin'], ['Access-Control-Allow-Credentials', 'credentials'], ['Access-Control-Allow-Methods', 'methods'],
  ['Access-Control-Allow-Headers', 'headers'], ['Access-Control-Max-Age', 'age'],
] as const;

/** What most policies say nothing of. */
const usualCors: Readonly<Record<string, string>> = { methods: corsDefaults.methods, headers: corsDefaults.headers, age: corsDefaults.maxAge };

/** Lines of a location; a header whose variable is empty is not there. `own`: all of them are variables. */
export function corsLines(kind: 'usual' | 'own'): string[] {
  return cors.flatMap(([header, name]) => {
    const usual = kind === 'usual' ? usualCors[name] : undefined;
    return [`add_header ${header} ${usual === undefined ? `$ia_cors_${name}` : quote(usual)} always;`, `proxy_hide_header ${header};`];
  });
}

/** Where a request goes; what some locations say of themselves. */
const way = ['shard', 'uri', 'location', 'leaving'];

/** Lines of the http block. Who reads a variable that nothing has been put into gets nothing, without a warning. */
export function lazyVariables(): string {
  return [
    ...Object.entries(forwarded).map(([name, value]) => `map "" $ia_${name} { default ${value}; }`), ...ofProxy,
    'uninitialized_variable_warn off;',
    '# What has to be looked at of most requests beside their host; data-plane/usual-request.ts.',
    'map "" $ia_request { default "$server_protocol$scheme|$content_length$http_transfer_encoding$http_x_arbiter_hops$http_upgrade"; }',
  ].join('\n');
}

/** What FastCGI backends are told (data-plane/fcgi.ts). */
const cgi = cgiParams.map(({ name }) => `cgi_${name.toLowerCase()}`);

/** A location that nothing leads to: a variable is there, and can be set from Lua, once some `set` names it. */
export function declaringLocation(): string {
  return `  location @declared {\n${[...question, ...client, ...logged, ...kept, ...way, ...cgi, ...cors.map(([, name]) => `cors_${name}`)].map((name) => `    set $ia_${name} "";`).join('\n')}\n  }`;
}
