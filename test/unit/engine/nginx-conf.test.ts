// nginx.conf: which directives may stand in it, that values cannot break out, and that it depends on the settings alone.
import { expect } from 'chai';
import fc from 'fast-check';
import { renderDataPlaneSettings, renderNginxConf } from '../../../src/engine/nginx-conf.js';
import { allUpstreamBlocks } from '../../../src/route-table/upstream-blocks.js';
import { nginxText, quote } from '../../../src/engine/nginx-text.js';
import { engineSettings, type EngineSettings } from '../../../src/engine/settings.js';
import { sampleSettings } from './sample-settings.js';

const ALLOWED = new Set(`load_module user daemon worker_processes worker_rlimit_nofile worker_shutdown_timeout pid error_log events
  worker_connections http lua_package_path lua_shared_dict lua_regex_cache_max_entries lua_regex_match_limit init_by_lua_block init_worker_by_lua_block exit_worker_by_lua_block
  client_body_temp_path proxy_temp_path fastcgi_temp_path uwsgi_temp_path scgi_temp_path access_log server_tokens tcp_nodelay map
  underscores_in_headers ignore_invalid_headers large_client_header_buffers client_header_timeout client_body_timeout
  client_max_body_size client_body_buffer_size send_timeout keepalive_timeout keepalive_requests http2_max_concurrent_streams
  reset_timedout_connection max_headers ssl_protocols ssl_ciphers ssl_prefer_server_ciphers ssl_ecdh_curve ssl_session_timeout
  ssl_session_tickets ssl_early_data ssl_certificate ssl_certificate_key proxy_http_version proxy_connect_timeout
  proxy_send_timeout proxy_read_timeout proxy_buffering proxy_request_buffering proxy_buffer_size proxy_buffers
  proxy_max_temp_file_size proxy_redirect proxy_next_upstream proxy_next_upstream_tries proxy_ignore_headers upstream server
  balancer_by_lua_block keepalive keepalive_time listen set ssl_session_cache ssl_certificate_by_lua_block location
  access_by_lua_block header_filter_by_lua_block log_by_lua_block proxy_pass proxy_set_header content_by_lua_block proxy_ssl_protocols
  grpc_pass grpc_set_header grpc_connect_timeout grpc_send_timeout grpc_read_timeout grpc_next_upstream grpc_next_upstream_tries grpc_ssl_protocols
  auth_request internal rewrite_by_lua_block proxy_method proxy_pass_request_body proxy_ssl_server_name proxy_ssl_name
  recursive_error_pages proxy_intercept_errors error_page limit_rate_after geo map_hash_bucket_size set_real_ip_from real_ip_header log_format uninitialized_variable_warn add_header proxy_hide_header request_pool_size
  variables_hash_max_size fastcgi_pass fastcgi_param fastcgi_buffering fastcgi_request_buffering fastcgi_buffer_size fastcgi_buffers fastcgi_max_temp_file_size
  fastcgi_connect_timeout fastcgi_send_timeout fastcgi_read_timeout fastcgi_next_upstream fastcgi_ignore_headers`.split(/\s+/));

/** A module's function, or one of those that the first block has given a name; what a listener is called is its only argument. */
const LUA = /^(?:require\("data-plane\.init"\)\.start\(\)(?:ia_[a-z_]+=require\("data-plane\.[a-z-]+"\)\.(?:run|resume|arrive))+|require\("data-plane\.[a-z-]+"\)\.(?:run|resume|start|stop|hear|balance|mark|hangUp)\(\)|ia_[a-z_]+\((?:"[-a-z0-9]+")?\))$/;

interface Directive {
  name: string;
  words: string[];
  /** Directives inside; undefined for one that ends with a semicolon. Lua blocks keep their text as one word. */
  block?: Directive[];
}

/** Reads nginx.conf as nginx does: words, quoted strings, comments, blocks. */
function parseConf(text: string): Directive[] {
  const tokens = text.match(/#[^\n]*|"[^"]*"|'[^']*'|[{};]|[^\s{};"'#]+/g)!.filter((token) => !token.startsWith('#'));
  let at = 0;
  const block = (): Directive[] => {
    const found: Directive[] = [];
    while (at < tokens.length && tokens[at] !== '}') {
      const words: string[] = [];
      while (tokens[at] !== ';' && tokens[at] !== '{') words.push(tokens[at++]!);
      const directive: Directive = { name: words[0]!, words: words.slice(1) };
      if (tokens[at++] === '{') {
        if (directive.name.endsWith('_by_lua_block')) {
          const body: string[] = [];
          while (tokens[at] !== '}') body.push(tokens[at++]!);
          directive.words.push(body.join(''));
        } else if (directive.name === 'map' || directive.name === 'geo') {
          while (tokens[at] !== '}') directive.words.push(tokens[at++]!);
        } else directive.block = block();
        at++;
      }
      found.push(directive);
    }
    return found;
  };
  return block();
}

const flatten = (directives: Directive[]): Directive[] => directives.flatMap((directive) => [directive, ...flatten(directive.block ?? [])]);

/** What is wrong with a rendered nginx.conf, as sentences. */
function lint(text: string): string[] {
  return flatten(parseConf(text)).flatMap(({ name, words }) => {
    if (!ALLOWED.has(name)) return [`${name} is not an allowed directive`];
    if (name === 'map' && words.some((word) => word.replace(/^"/, '').startsWith('~'))) return ['map uses a regular expression'];
    if (name === 'location' && !/^(?:\/|@again|@given|@cors|@cors_own|@leave|@declared|@asked|@answered|@relayed|@unanswered|@flow_off_[0-9]+k|@flow_on_[0-9]+k_[0-9]+|@status(?:_[0-9]{3})+|= ia:question|@grpcs?|@fcgi|@body_[0-9]+[kmg])$/.test(words.join(' '))) return [`location ${words.join(' ')} is more than "/" and the named ones`];
    if (name.endsWith('_by_lua_block') && !LUA.test(words[0]!)) return [`${name} holds Lua code: ${words[0]}`];
    if (name === 'set' && words[1] !== '""' && !/^"@?[-a-z0-9_]+"$/.test(words[1]!)) return ['set takes more than a fixed word'];
    return [];
  });
}

const settings = (changes: Record<string, unknown> = {}) => engineSettings(sampleSettings(changes));

describe('nginx.conf', () => {
  const conf = renderNginxConf(settings());

  it('has allowed directives only', () => {
    expect(lint(conf.content)).to.deep.equal([]);
    expect(flatten(parseConf(conf.content)).length).to.be.greaterThan(300);
  });

  for (const [planted, complaint] of [
    ['server { rewrite ^ /x; }', /rewrite is not allowed|rewrite is not an allowed/],
    ['server { location / { if ($host) { return 200 $uri; } } }', /if is not an allowed/],
    ['map $uri $x { ~^/a b; }', /map uses a regular/],
    ['server { location /etc { alias /etc; } }', /location \/etc is more/],
    ['server { location = /ia:question { internal; } }', /location = \/ia:question is more/],
    ['server { location / { content_by_lua_block { os.execute("id") } } }', /holds Lua code/],
    ['server { set $x $http_evil; }', /set takes more/],
  ] as const) {
    it(`is not linted clean with ${planted}`, () => expect(lint(planted).join('; ')).to.match(complaint));
  }

  it('says what the engine relies on', () => {
    for (const line of [
      'listen "127.0.0.1:8080" default_server', 'listen "127.0.0.1:8443" ssl http2 default_server', 'listen "[::1]:9080" default_server',
      'map $server_port $ia_listener {\n  "8080" "internal";', 'proxy_pass $ia_scheme://$ia_shard$ia_uri;', 'client_max_body_size 0;', 'grpc_pass grpcs://$ia_shard;', 'lua_regex_match_limit 100000;', 'lua_regex_cache_max_entries "8192";', 'server_tokens off;',
      'max_headers "100";', 'client_max_body_size "1m";', 'proxy_read_timeout "60s";', 'ssl_session_tickets off;',
      'proxy_set_header Proxy "";', 'proxy_set_header X-Forwarded-For $ia_forwarded_for;', 'map "" $ia_forwarded_for { default $remote_addr; }', 'proxy_buffering off;',
      'listen "unix:/srv/ingress-arbiter/control/1.sock";', 'lua_package_path "/opt/ingress-arbiter/lua/?.lua;;";',
    ]) expect(conf.content).to.include(line);
    expect(conf.content.match(/^upstream [a-l]_ia_* {$/gm)).to.have.length(allUpstreamBlocks);
    // After the balancer, or connections are not kept.
    expect(conf.content).to.match(/upstream a_ia {\n {2}server 0\.0\.0\.1;\n {2}balancer_by_lua_block[^\n]*\n {2}keepalive "64";/);
    expect(renderNginxConf(settings({ limits: { requestHeaders: 0 } })).content).not.to.include('max_headers');
  });

  it('speaks the PROXY protocol where proxies are named, and believes these only', () => {
    const [first, second] = sampleSettings().listeners as object[];
    const { content } = renderNginxConf(settings({ listeners: [{ ...first, proxyProtocolFrom: ['10.0.0.0/8', 'fd00::1'] }, second] }));
    expect(lint(content)).to.deep.equal([]);
    const servers = content.split('\nserver {');
    for (const line of ['default_server backlog=4096 proxy_protocol;', 'set_real_ip_from "10.0.0.0/8";', 'set_real_ip_from "fd00::1";', 'real_ip_header proxy_protocol;']) {
      expect(servers[1], line).to.include(line);
      expect(servers[2], line).to.not.include(line);
      expect(conf.content).to.not.include(line);
    }
    expect(content).to.include('geo $realip_remote_addr $ia_from_proxy_0 {\n  default "";\n  "10.0.0.0/8" yes;\n  "fd00::1" yes;\n}');
    expect(content).to.include('map $server_port $ia_from_proxy {\n  default "";\n  "8080" $ia_from_proxy_0;\n  "8443" $ia_from_proxy_0;\n}');
  });

  it('takes TLS from the agent where a listener passes some through, and believes nobody else; others are as they were', () => {
    const [first, second] = sampleSettings().listeners as object[];
    const { content } = renderNginxConf(settings({ listeners: [{ ...first, sslPassthrough: true }, second] }));
    expect(lint(content)).to.deep.equal([]);
    const servers = content.split('\nserver {');
    for (const line of ['listen "unix:/srv/ingress-arbiter/hops/tls-8443" ssl http2 default_server backlog=4096 proxy_protocol;', 'set_real_ip_from unix:;', 'real_ip_header proxy_protocol;']) {
      expect(servers[1], line).to.include(line);
      expect(servers[2], line).to.not.include(line);
      expect(conf.content).to.not.include(line);
    }
    expect(servers[1]).to.include('listen "127.0.0.1:8080" default_server backlog=4096;').and.to.not.include(':8443"');
    expect(content).to.include('map $server_addr $ia_port {\n  default $server_port;\n  "unix:/srv/ingress-arbiter/hops/tls-8443" "8443";\n}');
    expect(content).to.include('map $ia_port $ia_from_proxy {\n  default "";\n  "8080" $ia_from_proxy_0;\n  "8443" yes;\n}');
    expect(conf.content).to.not.include('ia_port').and.to.not.include('map_hash_bucket_size');
  });

  it('keeps a log of requests where a file is named, and none else', () => {
    const { content } = renderNginxConf(settings({ accessLog: '/var/log/with space;.json' }));
    expect(lint(content)).to.deep.equal([]);
    expect(content.match(/^ {2}access_log "\/var\/log\/with space;\.json" ia_requests buffer=64k flush=1s if=\$ia_logged;$/gm)).to.have.length(2);
    expect(content.match(/access_log off;/g)).to.have.length(1);
    expect(conf.content).to.not.match(/log_format|ia_requests|ia_log\(/);
  });

  it('depends on the settings and on nothing else', () => {
    expect(renderNginxConf(settings()).hash).to.equal(conf.hash);
    expect(renderNginxConf(settings({ workers: 3 })).hash).not.to.equal(conf.hash);
    expect(renderNginxConf.length).to.equal(1);
    expect(conf.hash).to.match(/^[0-9a-f]{64}$/);
  });

  it('leaves which classes a listener serves to the data plane', () => {
    expect(conf.content).not.to.include('nginx-internal');
    expect(JSON.parse(renderDataPlaneSettings(settings()).content)).to.deep.equal({
      listeners: { internal: ['nginx-internal'], external: ['nginx-external', 'blue.example.com'] },
      httpsPorts: { 8443: 'internal', 9443: 'external' },
      httpPorts: { 8080: 'internal', 9080: 'external' },
      metrics: { perIngress: false, paths: false, seriesPerClass: 20_000 },
      workers: 2, numbersMegabytes: 8,
      bodyBytes: 1048576,
    });
  });

  it('has every text of the settings inside quotes', () => {
    const strange = '/srv/with space;and{brace}#hash';
    const content = renderNginxConf(settings({ workDirectory: strange, modulesDirectory: strange })).content;
    expect(lint(content)).to.deep.equal([]);
    expect(flatten(parseConf(content)).find(({ name }) => name === 'pid')!.words).to.deep.equal([`"${strange}/control/1.pid"`]);
  });

  const hostile = ['a"; evil', 'a\nb', 'a\r', '\u0000', '\u007f', '\u0085', '\u2028', '$host', '${x}', "a'b", 'a\\', '\ud800'];
  /** Each text of the settings, set behind the back of the schema. */
  const places: [string, (to: EngineSettings, value: string) => void][] = [
    ['workDirectory', (to, value) => { to.workDirectory = value; }],
    ['luaDirectory', (to, value) => { to.luaDirectory = value; }],
    ['modulesDirectory', (to, value) => { to.modulesDirectory = value; }],
    ['workerUser', (to, value) => { to.workerUser = value; }],
    ['a listener\'s name', (to, value) => { to.listeners[0]!.name = value; }],
    ['a listener\'s address', (to, value) => { to.listeners[0]!.address = value; }],
    ['a number', (to, value) => { to.limits.readSeconds = value as never; }],
  ];
  for (const [place, put] of places) {
    it(`refuses every hostile value as ${place}`, () => {
      for (const value of hostile) {
        const bad = settings();
        put(bad, value);
        expect(() => renderNginxConf(bad), JSON.stringify(value)).to.throw(/must not get there/);
      }
    });
  }

  it('quotes any text into exactly one word, or refuses it', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
      let line: string;
      try {
        line = nginxText`pid ${text};`;
      } catch {
        return /["'`\\$\p{C}\u2028\u2029]/u.test(text);
      }
      const [directive, ...more] = parseConf(line);
      return more.length === 0 && directive!.words.length === 1 && directive!.words[0] === `"${text}"`;
    }));
    for (const value of [-1, 1.5, NaN, Infinity, 2 ** 53]) expect(() => quote(value)).to.throw(/not a whole number/);
  });
});
