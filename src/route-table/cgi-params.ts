// What FastCGI backends are told of a request: the names of CGI (RFC 3875, section 4.1) and those of PHP, and what each of them is
// when nobody says otherwise. nginx names its parameters in its configuration, so these are all that there can be.

import type { HeaderLine } from './types.js';

/** How requests of a policy are told to FastCGI backends. */
export interface FastCgi {
  /** Added to paths that end with a slash, to name a script. */
  index?: string;
  /** In place of what is usual. */
  params?: HeaderLine[];
}

/** Name and usual value, with variables. An empty one is not sent. As nginx's own `fastcgi_params` has them. */
export const cgiParams: readonly HeaderLine[] = [
  { name: 'SCRIPT_FILENAME', value: '' },
  { name: 'SCRIPT_NAME', value: '$fastcgi_script_name' },
  { name: 'PATH_INFO', value: '' },
  { name: 'PATH_TRANSLATED', value: '' },
  { name: 'DOCUMENT_ROOT', value: '' },
  { name: 'DOCUMENT_URI', value: '$document_uri' },
  { name: 'QUERY_STRING', value: '$query_string' },
  { name: 'REQUEST_URI', value: '$request_uri' },
  { name: 'REQUEST_SCHEME', value: '$scheme' },
  { name: 'HTTPS', value: '$https' },
  { name: 'SERVER_PROTOCOL', value: '$server_protocol' },
  { name: 'SERVER_SOFTWARE', value: 'nginx' },
  { name: 'SERVER_NAME', value: '$host' },
  { name: 'SERVER_ADDR', value: '$server_addr' },
  { name: 'SERVER_PORT', value: '$server_port' },
  { name: 'REMOTE_ADDR', value: '$remote_addr' },
  { name: 'REMOTE_PORT', value: '$remote_port' },
  { name: 'REMOTE_USER', value: '' },
  { name: 'AUTH_TYPE', value: '' },
  { name: 'REDIRECT_STATUS', value: '200' },
  { name: 'PHP_VALUE', value: '' },
  { name: 'PHP_ADMIN_VALUE', value: '' },
];

/** Variables of values, beside those that the other end of the request knows: these are known where it came in. */
export const cgiVariables = [
  'host', 'http_host', 'https', 'remote_addr', 'remote_port', 'request_id', 'request_uri', 'scheme', 'server_addr', 'server_name', 'server_port', 'server_protocol',
] as const;

/** Variables that are made of the path that the backend gets, and of the request as it is sent on. */
export const cgiPathVariables = ['document_uri', 'uri', 'fastcgi_script_name', 'query_string', 'args', 'request_method', 'content_type', 'content_length'] as const;
