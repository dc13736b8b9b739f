/* The least that libcurl can do: so many POSTs of one body, so many in flight, on one multi handle in one thread; the handles are
 * used again. Usage: bare URL BODY CALLS IN-FLIGHT. Prints calls a second. Ends with 1 when a call fails. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static size_t count_bytes(char *bytes, size_t size, size_t count, void *context) {
  (void)bytes;
  *(size_t *)context += size * count;
  return size * count;
}

int main(int argc, char **argv) {
  if (argc != 5) return 64;
  int calls = atoi(argv[3]), in_flight = atoi(argv[4]), begun = 0, ended = 0, running = 0, left = 0;
  size_t bytes = 0;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  CURLM *multi = curl_multi_init();
  struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
  headers = curl_slist_append(headers, "Accept: application/json");
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  for (; begun < in_flight && begun < calls; begun++) {
    CURL *handle = curl_easy_init();
    curl_easy_setopt(handle, CURLOPT_URL, argv[1]);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, argv[2]);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, count_bytes);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &bytes);
    curl_multi_add_handle(multi, handle);
  }
  while (ended < calls) {
    curl_multi_perform(multi, &running);
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left))) {
      long status = 0;
      CURL *handle = message->easy_handle;
      curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
      if (message->data.result != CURLE_OK || status != 200) return 1;
      curl_multi_remove_handle(multi, handle);
      ended++;
      if (begun < calls) {
        begun++;
        curl_multi_add_handle(multi, handle);
      } else {
        curl_easy_cleanup(handle);
      }
    }
    if (running > 0) curl_multi_poll(multi, NULL, 0, 1000, NULL);
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  printf("%.0f\n", calls / ((end.tv_sec - start.tv_sec) + (end.tv_nsec - start.tv_nsec) / 1e9));
  return 0;
}
