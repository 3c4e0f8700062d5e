/* A pod for what is larger than a request, by epoll in one process. GET is answered with BYTES bytes; POST is read to its end and
 * answered with twelve; an upgrade is answered with 101, and every byte after it comes back. Only as lenient as its clients need: names of
 * headers as nginx writes them, no chunks. Usage: stream-pod BYTES PORT... */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST 65536
/* Of the key that RFC 6455 uses as its example. */
#define SWITCHED "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
#define TAKEN "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nhello world\n"

enum { LISTENS = 1, HEAD, BODY, SENDS, ECHOES };
struct connection { int state; size_t left; size_t length; char head[8192]; };

static struct connection *connections[MOST];
static char zeros[65536];
static int poll_fd;
static size_t bytes;

static void watch(int fd, int events, int how) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  if (epoll_ctl(poll_fd, how, fd, &event) < 0) { perror("epoll_ctl"); exit(1); }
}

static void hang_up(int fd) { close(fd); free(connections[fd]); connections[fd] = NULL; }

static void say(int fd, const char *text) { if (write(fd, text, strlen(text)) < 0) perror("write"); }

/* Sends what is left of a large answer, and waits when nobody reads it. */
static void send_more(int fd) {
  struct connection *one = connections[fd];
  while (one->left > 0) {
    ssize_t sent = write(fd, zeros, one->left < sizeof zeros ? one->left : sizeof zeros);
    if (sent < 0 && errno != EAGAIN) { hang_up(fd); return; }
    if (sent < 0) { watch(fd, EPOLLOUT, EPOLL_CTL_MOD); one->state = SENDS; return; }
    one->left -= sent;
  }
  if (one->state == SENDS) watch(fd, EPOLLIN, EPOLL_CTL_MOD);
  one->state = HEAD;
}

static void take_head(int fd, const char *more, size_t length) {
  struct connection *one = connections[fd];
  size_t room = sizeof one->head - 1 - one->length, taken = length < room ? length : room;
  memcpy(one->head + one->length, more, taken);
  one->length += taken;
  one->head[one->length] = 0;
  char *end = strstr(one->head, "\r\n\r\n"), *size = strcasestr(one->head, "\r\ncontent-length:");
  if (end == NULL) { if (taken < length) hang_up(fd); return; }
  size_t body = one->head + one->length - end - 4 + length - taken;
  one->length = 0;
  if (strcasestr(one->head, "\r\nupgrade: websocket") != NULL) {
    one->state = ECHOES;
    say(fd, SWITCHED);
  } else if (one->head[0] == 'G') {
    char text[128];
    snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", bytes);
    say(fd, text);
    one->left = bytes;
    send_more(fd);
  } else {
    one->left = (size == NULL ? 0 : strtoul(size + 17, NULL, 10)) - body;
    one->state = BODY;
    if (one->left == 0) { one->state = HEAD; say(fd, TAKEN); }
  }
}

static void take(int fd) {
  static char in[65536];
  struct connection *one = connections[fd];
  if (one->state == SENDS) { send_more(fd); return; }
  ssize_t length = read(fd, in, sizeof in);
  if (length <= 0) { hang_up(fd); return; }
  if (one->state == HEAD) take_head(fd, in, length);
  else if (one->state == ECHOES) { if (write(fd, in, length) != length) hang_up(fd); }
  else if ((one->left -= length) == 0) { one->state = HEAD; say(fd, TAKEN); }
}

static void admit(int listening) {
  int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK), on = 1;
  if (fd < 0) return;
  if (fd >= MOST) { close(fd); return; }
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  connections[fd] = calloc(1, sizeof **connections);
  connections[fd]->state = HEAD;
  watch(fd, EPOLLIN, EPOLL_CTL_ADD);
}

static void listen_on(int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 4096) < 0) { perror("listen"); exit(1); }
  connections[fd] = calloc(1, sizeof **connections);
  connections[fd]->state = LISTENS;
  watch(fd, EPOLLIN, EPOLL_CTL_ADD);
}

int main(int count, char **argument) {
  struct epoll_event ready[256];
  /* A load that ends leaves answers half read. */
  signal(SIGPIPE, SIG_IGN);
  poll_fd = epoll_create1(0);
  bytes = strtoul(argument[1], NULL, 10);
  for (int at = 2; at < count; at++) listen_on(atoi(argument[at]));
  for (;;) {
    int many = epoll_wait(poll_fd, ready, 256, -1);
    for (int at = 0; at < many; at++) {
      int fd = ready[at].data.fd;
      if (connections[fd] == NULL) continue;
      if (connections[fd]->state == LISTENS) admit(fd);
      else take(fd);
    }
  }
}
