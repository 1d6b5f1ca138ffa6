// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.clients;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.ConnectionPool;
import okhttp3.Dispatcher;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/** OkHttp, with calls that wait for nobody: it has a thread for each of those under way. */
final class OkClient implements BenchHttpClient {
  private final OkHttpClient client;
  private final Request request;

  OkClient(String url, int inFlight) {
    var dispatcher = new Dispatcher();
    dispatcher.setMaxRequests(inFlight);
    dispatcher.setMaxRequestsPerHost(inFlight);
    client =
        new OkHttpClient.Builder()
            .dispatcher(dispatcher)
            .connectionPool(new ConnectionPool(inFlight, 5, TimeUnit.MINUTES))
            .build();
    request = new Request.Builder().url(url).build();
  }

  @Override
  public void ask(Listener listener) {
    client
        .newCall(request)
        .enqueue(
            new Callback() {
              @Override
              public void onFailure(Call call, IOException error) {
                listener.failed(error);
              }

              @Override
              public void onResponse(Call call, Response response) throws IOException {
                int status = response.code();
                int length;
                try (response) {
                  length = response.body().bytes().length;
                }
                listener.answered(status, length);
              }
            });
  }
}
