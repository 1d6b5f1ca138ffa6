// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide;

import static java.util.Objects.requireNonNull;
import static java.util.Objects.requireNonNullElse;
import static java.util.concurrent.CompletableFuture.completedFuture;
import static java.util.concurrent.ForkJoinPool.commonPool;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.java.Torsion;
import dev.torsion.micrometer.HttpClientMetrics;
import dev.torsion.micrometer.HttpPoolMetrics;
import dev.torsion.micrometer.HttpServerMetrics;
import dev.torsion.web.EventStream;
import dev.torsion.web.HttpServerOptions;
import dev.torsion.web.Response;
import dev.torsion.web.Router;
import dev.torsion.web.ServerSentEvent;
import dev.torsion.web.Site;
import dev.torsion.web.client.Agent;
import dev.torsion.web.client.EventSource;
import dev.torsion.web.client.EventSourceOptions;
import dev.torsion.web.client.HttpClient;
import dev.torsion.web.client.HttpClientOptions;
import dev.torsion.web.client.ServerEvent;
import dev.torsion.web.client.ServerEventListener;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.SubmissionPublisher;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * The Java of docs/guide/web-client.md and docs/guide/web.md about events and figures, over real
 * sockets.
 */
class WebEventsTest {
  /** Three events, and no more. */
  private static Response prices(@Nullable String last) {
    if (last != null) return Response.of(204);
    var events =
        List.of("7.30", "7.40", "7.50").stream()
            .map(price -> ServerSentEvent.data(price).withEvent("price").withId(price))
            .toList();
    return EventStream.of(
        (Flow.Publisher<ServerSentEvent>)
            subscriber -> {
              var publisher = new SubmissionPublisher<ServerSentEvent>(Runnable::run, 4);
              publisher.subscribe(subscriber);
              events.forEach(event -> publisher.offer(event, null));
              publisher.close();
            });
  }

  @Test
  void aListenerAndASubscriberHearTheEvents() throws Exception {
    try (var torsion = Torsion.start()) {
      var site =
          Site.of(
              torsion.reactor(),
              request -> completedFuture(prices(EventStream.lastEventId(request))));
      var url =
          "http://127.0.0.1:"
              + torsion.listen("tcp:0:interface=127.0.0.1", site).join().port()
              + "/prices";
      var http = HttpClient.of(torsion.reactor());
      var shown = new CopyOnWriteArrayList<String>();
      EventSource prices = http.get(url).events();
      AutoCloseable listening = prices.listen(event -> shown.add(event.data()));

      var ended = new CountDownLatch(1);
      var options =
          EventSourceOptions.DEFAULT
              .withRetryPolicy(failures -> Duration.ofMillis(100L * failures))
              .withMaxFailures(5);
      http.get(url)
          .events(options)
          .listen(
              new ServerEventListener() {
                @Override
                public void event(ServerEvent event) {
                  shown.add(event.type() + " " + event.data());
                }

                @Override
                public void ended(@Nullable Throwable error) {
                  ended.countDown();
                }
              });
      assertTrue(ended.await(20, TimeUnit.SECONDS));
      assertTrue(shown.contains("price 7.50"));

      var all = new CompletableFuture<Integer>();
      http.get(url).events(options).publisher().subscribe(new Counting(all));
      assertEquals(3, all.get(20, TimeUnit.SECONDS));
      listening.close();
      http.close();
    }
  }

  private static final class Counting implements Flow.Subscriber<ServerEvent> {
    private final CompletableFuture<Integer> all;
    private Flow.@Nullable Subscription subscription;
    private int count;

    Counting(CompletableFuture<Integer> all) {
      this.all = all;
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      this.subscription = subscription;
      subscription.request(1);
    }

    @Override
    public void onNext(ServerEvent event) {
      count++;
      requireNonNull(subscription).request(1);
    }

    @Override
    public void onError(Throwable error) {
      all.completeExceptionally(error);
    }

    @Override
    public void onComplete() {
      all.complete(count);
    }
  }

  /** News, whose numbers are their ids. All of it is for the reactor's thread. */
  static final class News {
    private final List<ServerSentEvent> kept = new ArrayList<>();
    private final List<SubmissionPublisher<ServerSentEvent>> clients = new ArrayList<>();

    void add(String text) {
      var event = ServerSentEvent.data(text).withId("" + kept.size());
      kept.add(event);
      clients.removeIf(client -> client.getNumberOfSubscribers() == 0);
      for (var client : clients) if (client.offer(event, null) < 0) client.close();
    }

    Response since(String id) {
      Flow.Publisher<ServerSentEvent> events = subscriber -> add(subscriber, id);
      return EventStream.of(events);
    }

    private void add(Flow.Subscriber<? super ServerSentEvent> subscriber, String id) {
      var ids = kept.stream().map(ServerSentEvent::id).toList();
      var missed = kept.subList(ids.lastIndexOf(id) + 1, kept.size());
      var client = new SubmissionPublisher<ServerSentEvent>(commonPool(), missed.size() + 256);
      client.subscribe(subscriber);
      missed.forEach(event -> client.offer(event, null));
      clients.add(client);
    }
  }

  @Test
  void aClientThatComesBackGetsTheEventsThatItHasMissed() throws Exception {
    try (var torsion = Torsion.start()) {
      var news = new News();
      var router =
          Router.builder()
              .get(
                  "/news",
                  request -> {
                    var last = requireNonNullElse(EventStream.lastEventId(request), "");
                    return completedFuture(news.since(last));
                  })
              .build();
      var server =
          torsion.listen("tcp:0:interface=127.0.0.1", Site.of(torsion.reactor(), router)).join();
      torsion.call(() -> List.of("one", "two", "three").forEach(news::add));
      var http = HttpClient.of(torsion.reactor());
      var source = http.get("http://127.0.0.1:" + server.port() + "/news").events();
      var heard = new LinkedBlockingQueue<String>();
      var all = source.listen(event -> heard.add(event.data()));
      for (var text : List.of("one", "two", "three")) {
        assertEquals(text, heard.poll(20, TimeUnit.SECONDS));
      }
      all.close();
      var rest = source.withLastEventId("1").listen(event -> heard.add(event.data()));
      assertEquals("three", heard.poll(20, TimeUnit.SECONDS));
      torsion.call(() -> news.add("four"));
      assertEquals("four", heard.poll(20, TimeUnit.SECONDS));
      rest.close();
      http.close();
    }
  }

  @Test
  void requestsAreCounted() {
    var registry = new SimpleMeterRegistry();
    try (var torsion = Torsion.start()) {
      var router =
          Router.builder()
              .get(
                  "/users/{id}", request -> completedFuture(Response.text(request.parameter("id"))))
              .build();
      var counted = HttpServerOptions.DEFAULT.withListener(new HttpServerMetrics(registry));
      var site = Site.of(torsion.reactor(), router, counted);
      var base =
          "http://127.0.0.1:" + torsion.listen("tcp:0:interface=127.0.0.1", site).join().port();

      var options = HttpClientOptions.DEFAULT.withListener(new HttpClientMetrics(registry));
      var agent = Agent.of(torsion.reactor(), options);
      new HttpPoolMetrics(agent, "users").bindTo(registry);
      var http = HttpClient.of(agent);
      assertEquals("7", http.get(base + "/users/7").route("/users/{id}").text().join());
      agent.close();
    }
    for (var name : List.of("http.server.requests", "http.client.requests")) {
      assertEquals(1, registry.get(name).tag("uri", "/users/{id}").timer().count());
    }
  }
}
