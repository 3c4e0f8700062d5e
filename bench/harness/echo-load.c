/* Messages over open WebSockets: each connection sends one and waits until as many bytes are back, for SECONDS; prints how many came back.
 * Ends with 1 when a connection is refused or ends. Usage: echo-load PORT SECONDS CONNECTIONS HOST */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* A masked frame of text, key 0. */
static const unsigned char frame[] = "\x81\xbaxxxx" "a message of fifty-eight bytes, as chats have them, or so..";
#define FRAME (sizeof frame - 1)

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec + at.tv_nsec / 1e9;
}

static int fail(const char *what) { fprintf(stderr, "echo-load: %s\n", what); return 1; }

static int open_socket(int port, const char *host) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  char text[1024];
  size_t length = 0;
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0) return -1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  int size = snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", host);
  if (write(fd, text, size) != size) return -1;
  do {
    ssize_t more = read(fd, text + length, sizeof text - 1 - length);
    if (more <= 0) return -1;
    length += more;
    text[length] = 0;
  } while (strstr(text, "\r\n\r\n") == NULL);
  return strncmp(text, "HTTP/1.1 101", 12) == 0 ? fd : -1;
}

int main(int arguments, char **argument) {
  if (arguments != 5) return 2;
  int poll = epoll_create1(0), many = atoi(argument[3]);
  static size_t back[65536];
  long messages = 0;
  for (int at = 0; at < many; at++) {
    int fd = open_socket(atoi(argument[1]), argument[4]);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (fd < 0 || epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) < 0) return fail("a WebSocket was not opened");
    if (write(fd, frame, FRAME) != FRAME) return fail("a WebSocket has ended");
  }
  double end = now() + atof(argument[2]);
  while (now() < end) {
    struct epoll_event ready[256];
    int count = epoll_wait(poll, ready, 256, 1000);
    for (int at = 0; at < count; at++) {
      static char in[4096];
      int fd = ready[at].data.fd;
      ssize_t length = read(fd, in, sizeof in);
      if (length <= 0) return fail("a WebSocket has ended");
      if ((back[fd] += length) < FRAME) continue;
      back[fd] = 0;
      messages++;
      if (write(fd, frame, FRAME) != FRAME) return fail("a WebSocket has ended");
    }
  }
  printf("%ld\n", messages);
  return 0;
}
