// The runs of the public conformance suite for Ingress controllers (kubernetes-sigs/ingress-controller-conformance), one row
// each: what is asked and who must answer. 25 scenarios; the one of the default backend has six rows, so 30 runs.

export interface Run {
  feature: 'default_backend' | 'host_rules' | 'path_rules' | 'load_balancing' | 'ingress_class';
  /** What the row shows, in short. */
  shows: string;
  method: string;
  /** http or https, host, path. A host that is left out is the listener's own address. */
  url: string;
  status: number;
  /** Who must answer, for 200. */
  service?: string;
  /** More requests than one, and how many different pods must answer them. */
  repeat?: { requests: number; pods: number };
}

const get = (feature: Run['feature'], shows: string, url: string, service?: string): Run =>
  ({ feature, shows, method: 'GET', url, status: service === undefined ? 404 : 200, ...(service === undefined ? {} : { service }) });
const echo = (method: string, url: string): Run =>
  ({ feature: 'default_backend', shows: `${method} ${url} goes to the default backend`, method, url, status: 200, service: 'echo-service' });

export const runs: readonly Run[] = [
  { ...get('ingress_class', 'a class that nobody claims: the status stays empty, nothing is served', 'http://invalid-class/'), status: 404 },
  echo('GET', 'http://my-host/'),
  echo('GET', 'http://my-host/sub-path'),
  echo('POST', 'http://some-host/'),
  echo('PUT', 'http:///resource'),
  echo('DELETE', 'http://some-host/resource'),
  echo('PATCH', 'http://my-host/resource'),
  get('host_rules', 'TLS by server name', 'https://foo.bar.com/', 'foo-bar-com'),
  get('host_rules', 'the same host over http, a redirect followed', 'http://foo.bar.com/', 'foo-bar-com'),
  get('host_rules', 'another name of the domain', 'http://subdomain.bar.com/'),
  get('host_rules', 'a wildcard takes one label', 'http://bar.foo.com/', 'wildcard-foo-com'),
  get('host_rules', 'a wildcard does not take two labels', 'http://baz.bar.foo.com/'),
  get('host_rules', 'a wildcard does not take the name below it', 'http://foo.com/'),
  { ...get('load_balancing', '100 requests reach all of 10 pods', 'http://load-balancing/', 'echo-service'), repeat: { requests: 100, pods: 10 } },
  get('path_rules', 'exact /foo takes /foo', 'http://exact-path-rules/foo', 'foo-exact'),
  get('path_rules', 'exact /foo does not take /foo/', 'http://exact-path-rules/foo/'),
  get('path_rules', 'exact /foo does not take /FOO', 'http://exact-path-rules/FOO'),
  get('path_rules', 'exact /foo does not take /bar', 'http://exact-path-rules/bar'),
  get('path_rules', 'prefix /foo takes /foo', 'http://prefix-path-rules/foo', 'foo-prefix'),
  get('path_rules', 'prefix /foo takes /foo/', 'http://prefix-path-rules/foo/', 'foo-prefix'),
  get('path_rules', 'prefix /foo does not take /FOO', 'http://prefix-path-rules/FOO'),
  get('path_rules', 'prefix /aaa/bbb takes /aaa/bbb: the longest', 'http://prefix-path-rules/aaa/bbb', 'aaa-slash-bbb-prefix'),
  get('path_rules', 'prefix /aaa/bbb takes /aaa/bbb/ccc', 'http://prefix-path-rules/aaa/bbb/ccc', 'aaa-slash-bbb-prefix'),
  get('path_rules', 'prefix /aaa takes /aaa/ccc', 'http://prefix-path-rules/aaa/ccc', 'aaa-prefix'),
  get('path_rules', 'prefix /aaa does not take /aaaccc', 'http://prefix-path-rules/aaaccc'),
  get('path_rules', 'prefix /foo takes /foo/ (the suite asks twice)', 'http://prefix-path-rules/foo/', 'foo-prefix'),
  get('path_rules', 'exact before prefix', 'http://mixed-path-rules/foo', 'foo-exact'),
  get('path_rules', 'prefix /aaa/bbb/ takes /aaa/bbb', 'http://trailing-slash-path-rules/aaa/bbb', 'aaa-slash-bbb-slash-prefix'),
  get('path_rules', 'prefix /aaa/bbb/ takes /aaa/bbb/', 'http://trailing-slash-path-rules/aaa/bbb/', 'aaa-slash-bbb-slash-prefix'),
  get('path_rules', 'exact /foo/ does not take /foo', 'http://trailing-slash-path-rules/foo'),
];

/** Host, path type, path and Service of the rules behind them; the host of the default backend is none. */
export const rules: Record<Exclude<Run['feature'], 'default_backend' | 'ingress_class'>, readonly (readonly [host: string, pathType: string, path: string, service: string, port?: string])[]> = {
  host_rules: [['*.foo.com', 'Prefix', '/', 'wildcard-foo-com'], ['foo.bar.com', 'Prefix', '/', 'foo-bar-com', 'http']],
  load_balancing: [['load-balancing', 'Prefix', '/', 'echo-service']],
  path_rules: [
    ['exact-path-rules', 'Exact', '/foo', 'foo-exact'],
    ['prefix-path-rules', 'Prefix', '/foo', 'foo-prefix'], ['prefix-path-rules', 'Prefix', '/aaa/bbb', 'aaa-slash-bbb-prefix'], ['prefix-path-rules', 'Prefix', '/aaa', 'aaa-prefix'],
    ['mixed-path-rules', 'Prefix', '/foo', 'foo-prefix'], ['mixed-path-rules', 'Exact', '/foo', 'foo-exact'],
    ['trailing-slash-path-rules', 'Prefix', '/aaa/bbb/', 'aaa-slash-bbb-slash-prefix'], ['trailing-slash-path-rules', 'Exact', '/foo/', 'foo-slash-exact'],
  ],
};
