/* A pod that is never the slower side: answers every request on a few ports with the same twelve bytes, by epoll, in one
 * process. It does not parse: a request ends with an empty line and has no body. Usage: pod PORT... */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nhello world\n"
#define MOST 65536

/* How many bytes of the empty line each connection has seen. */
static unsigned char seen[MOST];
static char listening[MOST];

static void watch(int poll, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  if (epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) < 0) { perror("epoll_ctl"); exit(1); }
}

static int listen_on(int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 4096) < 0) { perror("listen"); exit(1); }
  listening[fd] = 1;
  return fd;
}

static void answer(int fd) {
  char in[16384];
  ssize_t length = read(fd, in, sizeof in);
  if (length <= 0) { close(fd); return; }
  for (ssize_t at = 0; at < length; at++) {
    seen[fd] = in[at] == "\r\n\r\n"[seen[fd]] ? seen[fd] + 1 : in[at] == '\r';
    if (seen[fd] < 4) continue;
    seen[fd] = 0;
    if (write(fd, ANSWER, sizeof ANSWER - 1) < 0) { close(fd); return; }
  }
}

int main(int count, char **ports) {
  int poll = epoll_create1(0), one = 1;
  struct epoll_event ready[256];
  for (int at = 1; at < count; at++) watch(poll, listen_on(atoi(ports[at])));
  for (;;) {
    int many = epoll_wait(poll, ready, 256, -1);
    for (int at = 0; at < many; at++) {
      int fd = ready[at].data.fd;
      if (!listening[fd]) { answer(fd); continue; }
      int connection = accept4(fd, NULL, NULL, SOCK_NONBLOCK);
      if (connection < 0) continue;
      if (connection >= MOST) { close(connection); continue; }
      setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      seen[connection] = 0;
      watch(poll, connection);
    }
  }
}
