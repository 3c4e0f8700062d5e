/* TLS handshakes, each with one request and the end of its connection, for SECONDS; prints how many of them. `full`: each is a new one, a
 * hundred in a row for one host, h<n>.example.com, n below COUNT. `resumed`: each resumes the session of the one before, for one host. Ends with 1
 * when a request failed, or more than one in ten was of the other kind. A process for each of WAYS, so that server and client need not wait
 * for each other. No certificate is verified. Usage: handshakes full|resumed PORT SECONDS WAYS COUNT (needs OpenSSL: cc -lssl -lcrypto) */
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { IN_A_ROW = 100 };
struct count { long made, resumed, failed; };
static SSL_SESSION *session;

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec + at.tv_nsec / 1e9;
}

/* Sessions of TLS 1.3 come after the handshake. */
static int keep(SSL *ssl, SSL_SESSION *next) {
  (void)ssl;
  if (session != NULL) SSL_SESSION_free(session);
  session = next;
  return 1;
}

static int shake_hands(SSL_CTX *context, int port, const char *host, struct count *count) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct linger at_once = {.l_onoff = 1};
  char text[4096];
  int length = snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", host), status = 0;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  SSL *ssl = SSL_new(context);
  SSL_set_tlsext_host_name(ssl, host);
  if (session != NULL) SSL_set_session(ssl, session);
  if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0 && SSL_set_fd(ssl, fd) && SSL_connect(ssl) == 1 && SSL_write(ssl, text, length) == length) {
    while ((length = SSL_read(ssl, text, sizeof text - 1)) > 0) if (status == 0) { text[length] = 0; status = strtol(text + 9, NULL, 10); }
    count->resumed += SSL_session_reused(ssl);
  }
  count->made++;
  if (status != 200) count->failed++;
  SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(ssl);
  /* Otherwise ports run out. */
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  return close(fd);
}

int main(int arguments, char **argument) {
  if (arguments != 6) return 2;
  int pipes[2], resumes = strcmp(argument[1], "resumed") == 0, ways = atoi(argument[4]);
  struct count all = {0}, one;
  /* Another one with each run. */
  long first = time(NULL);
  if (pipe(pipes) < 0) return 1;
  for (int way = 0; way < ways; way++) {
    if (fork() != 0) continue;
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    if (resumes) SSL_CTX_sess_set_new_cb(context, keep);
    struct count own = {0};
    double end = now() + atof(argument[3]);
    char host[64];
    for (long at = 0; now() < end; at++) {
      snprintf(host, sizeof host, "h%ld.example.com", (resumes ? way : first + way + at / IN_A_ROW * ways) * 7919L % atoi(argument[5]));
      shake_hands(context, atoi(argument[2]), host, &own);
    }
    return write(pipes[1], &own, sizeof own) == sizeof own ? 0 : 1;
  }
  close(pipes[1]);
  while (read(pipes[0], &one, sizeof one) == sizeof one) { all.made += one.made; all.resumed += one.resumed; all.failed += one.failed; }
  while (wait(NULL) > 0) ;
  printf("%ld made, %ld resumed, %ld failed\n", all.made, all.resumed, all.failed);
  return all.made == 0 || all.failed > 0 || (resumes ? all.resumed : all.made - all.resumed) * 10 < all.made * 9;
}
