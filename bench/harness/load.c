/* Asks at a fixed rate, whatever becomes of the requests before: GET / of PREFIX<n>.example.com, n from FIRST on, COUNT hosts in turn,
 * on kept connections of which it opens as many as it needs. Ends after SECONDS or with SIGTERM, when all are answered, and writes
 * FILE: for each request a record of 24 bytes (see steady-load.ts). Usage: load PORT RATE SECONDS FILE PREFIX FIRST COUNT */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS 1024
#define PATIENCE_MS 5000
/* In place of the status of an answer. */
#define NO_ANSWER 0
#define TOO_LATE 1
#define NO_CONNECTION 2

/* Milliseconds of CLOCK_MONOTONIC; of those since `due`, when it was sent and when it was answered. */
struct record { double due; float sent, answered; uint32_t status, host; };
struct connection { int fd; int busy; long request; size_t length; char text[16384]; };

static struct connection connections[CONNECTIONS];
static struct record *records;
static long next_request, answered;
static int poll_fd, port, first, count;
static const char *prefix;
static double begun, period, end;
static volatile sig_atomic_t ended;

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec * 1e3 + at.tv_nsec / 1e6;
}

static void hang_up(struct connection *one) { close(one->fd); one->fd = -1; one->busy = 0; }

static void finish(struct connection *one, uint32_t status) {
  struct record *record = &records[one->request];
  record->answered = now() - record->due;
  record->status = status;
  one->busy = 0;
  answered++;
}

static int open_connection(struct connection *one) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int on = 1;
  one->fd = socket(AF_INET, SOCK_STREAM, 0);
  /* On the loopback it is there at once, or never. */
  if (one->fd < 0 || connect(one->fd, (struct sockaddr *)&to, sizeof to) < 0) { if (one->fd >= 0) close(one->fd); one->fd = -1; return 0; }
  setsockopt(one->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = one};
  return epoll_ctl(poll_fd, EPOLL_CTL_ADD, one->fd, &event) == 0;
}

static struct connection *idle(void) {
  struct connection *closed = NULL;
  for (int at = 0; at < CONNECTIONS; at++) {
    if (connections[at].busy) continue;
    if (connections[at].fd >= 0) return &connections[at];
    if (closed == NULL) closed = &connections[at];
  }
  return closed;
}

/* Sends what is due; what finds no connection waits, and its time counts. */
static void send_due(void) {
  while (!ended && begun + next_request * period <= now() && begun + next_request * period < end) {
    struct connection *one = idle();
    if (one == NULL) return;
    struct record *record = &records[next_request];
    char text[256];
    record->due = begun + next_request * period;
    record->host = first + next_request * 7919 % count;
    one->request = next_request++;
    one->length = 0;
    one->busy = 1;
    int length = snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: %s%u.example.com\r\n\r\n", prefix, record->host);
    record->sent = now() - record->due;
    if (one->fd < 0 && !open_connection(one)) { finish(one, NO_CONNECTION); continue; }
    if (send(one->fd, text, length, MSG_NOSIGNAL) != length) { finish(one, NO_ANSWER); hang_up(one); }
  }
}

static void take(struct connection *one) {
  ssize_t more = read(one->fd, one->text + one->length, sizeof one->text - 1 - one->length);
  if (more <= 0) { if (one->busy) finish(one, NO_ANSWER); hang_up(one); return; }
  if (!one->busy) { hang_up(one); return; }
  one->length += more;
  one->text[one->length] = 0;
  char *body = strstr(one->text, "\r\n\r\n");
  if (body == NULL) return;
  char *size = strcasestr(one->text, "\r\ncontent-length:");
  size_t whole = body + 4 - one->text + (size != NULL && size < body ? strtoul(size + 17, NULL, 10) : 0);
  if (one->length < whole) return;
  char *closes = strcasestr(one->text, "\r\nconnection: close");
  finish(one, strtoul(one->text + 9, NULL, 10));
  if ((closes != NULL && closes < body) || size == NULL) hang_up(one);
}

static void give_up_late(void) {
  for (int at = 0; at < CONNECTIONS; at++) {
    struct connection *one = &connections[at];
    if (!one->busy || now() - records[one->request].due < PATIENCE_MS) continue;
    finish(one, TOO_LATE);
    hang_up(one);
  }
}

static void on_end(int signal) { (void)signal; ended = 1; }

int main(int arguments, char **argument) {
  if (arguments != 8) return 2;
  port = atoi(argument[1]);
  prefix = argument[5];
  first = atoi(argument[6]);
  count = atoi(argument[7]);
  /* Whole nanoseconds: requests are due just when the timer is. */
  long tick = 1e9 / atof(argument[2]);
  period = tick / 1e6;
  records = calloc(atof(argument[2]) * atof(argument[3]) + 2, sizeof *records);
  for (int at = 0; at < CONNECTIONS; at++) connections[at].fd = -1;
  signal(SIGTERM, on_end);
  poll_fd = epoll_create1(0);
  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  struct timespec start;
  clock_gettime(CLOCK_MONOTONIC, &start);
  struct itimerspec every = {.it_interval = {tick / 1000000000, tick % 1000000000}, .it_value = start};
  timerfd_settime(timer, TFD_TIMER_ABSTIME, &every, NULL);
  begun = start.tv_sec * 1e3 + start.tv_nsec / 1e6;
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, ready[256];
  epoll_ctl(poll_fd, EPOLL_CTL_ADD, timer, &event);
  end = begun + atof(argument[3]) * 1e3;
  while ((!ended && now() < end) || answered < next_request) {
    int many = epoll_wait(poll_fd, ready, 256, 100);
    for (int at = 0; at < many; at++) {
      uint64_t times;
      if (ready[at].data.ptr != NULL) take(ready[at].data.ptr);
      else if (read(timer, &times, sizeof times) < 0 && errno != EAGAIN) return 1;
    }
    send_due();
    give_up_late();
  }
  FILE *file = fopen(argument[4], "w");
  if (file == NULL || fwrite(records, sizeof *records, next_request, file) != (size_t)next_request) { perror(argument[4]); return 1; }
  return fclose(file);
}
