// A program whose heap use is known: 3 pieces in a named thread before the mark, 2 after it, none
// in another.
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>

static pthread_barrier_t marked;

static void use_heap(int times) {
  for (int index = 0; index < times; index++) {
    void *volatile memory = malloc(100);
    free(memory);
  }
}

static void *busy(void *unused) {
  prctl(PR_SET_NAME, "busy");
  use_heap(3);
  pthread_barrier_wait(&marked);
  pthread_barrier_wait(&marked);
  use_heap(2);
  return unused;
}

static void *quiet(void *unused) {
  prctl(PR_SET_NAME, "quiet");
  return unused;
}

int main(void) {
  pthread_t threads[2];
  pthread_barrier_init(&marked, NULL, 2);
  pthread_create(&threads[0], NULL, quiet, NULL);
  pthread_create(&threads[1], NULL, busy, NULL);
  pthread_barrier_wait(&marked);
  raise(SIGUSR1);
  pthread_barrier_wait(&marked);
  pthread_join(threads[0], NULL);
  pthread_join(threads[1], NULL);
  return 0;
}
