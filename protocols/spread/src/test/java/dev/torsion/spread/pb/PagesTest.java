// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.defer.Deferred;
import dev.torsion.defer.Deferreds;
import dev.torsion.net.TcpOptions;
import dev.torsion.net.WrongThreadException;
import dev.torsion.reactor.Reactor;
import dev.torsion.spread.banana.Bytes;
import dev.torsion.spread.jelly.TypeRegistry;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Pages as futures, on any thread. */
class PagesTest {
  private final Reactor reactor = Reactor.create();

  @BeforeEach
  void start() {
    reactor.start();
  }

  @AfterEach
  void stop() {
    assertTrue(reactor.stopAndJoin(Duration.ofSeconds(10)));
  }

  /** One page, and then none: the pages never end. */
  static class OnePage extends Pager {
    private final Object page;
    private boolean isSent;

    OnePage(RemoteReference collector, Object page) {
      super(collector);
      this.page = page;
    }

    @Override
    protected Deferred<Object> nextPage() {
      if (isSent) {
        return new Deferred<>();
      }
      isSent = true;
      return Deferreds.succeed(page);
    }
  }

  private final AtomicInteger asked = new AtomicInteger();
  private final CountDownLatch came = new CountDownLatch(1);
  private final Stock stock = new Stock();
  private final Root server =
      RemoteMethods.create()
          .on(
              "bytes",
              call -> {
                asked.incrementAndGet();
                var collector = call.arg(0, RemoteReference.class);
                return new BytesPager(collector, new byte[call.arg(1, int.class)], 8192);
              })
          .on("stock", call -> new OnePage(call.arg(0, RemoteReference.class), stock))
          .on(
              "broken",
              call -> {
                throw new java.io.IOException("the disk");
              })
          .root();

  @Test
  void pagesAreCollected() throws Exception {
    try (var client = connect()) {
      var root = client.root();
      int size = 0;
      for (Object page : get(Pages.getAllPagesAsync(root, "bytes", List.of(20_000)))) {
        size += ((Bytes) page).toByteArray().length;
      }
      assertEquals(20_000, size);
      var wrong = assertThrows(WrongThreadException.class, () -> Pages.getAllPages(root, "bytes"));
      assertTrue(wrong.getMessage().contains("getAllPagesAsync"), wrong.getMessage());
    }
  }

  @Test
  void aMethodThatFailsAndPagesThatAreTooLargeFailTheFuture() throws Exception {
    try (var client = connect()) {
      var root = client.root();
      var broken = error(Pages.getAllPagesAsync(root, "broken"));
      assertEquals("the disk", assertInstanceOf(RemoteError.class, broken).getRemoteMessage());
      var many = Pages.getAllPagesAsync(root, "bytes", List.of(20_000), 10_000);
      assertInstanceOf(PBError.class, error(many));
      var unsendable = Pages.getAllPagesAsync(root, "bytes", List.of(new Object()));
      assertInstanceOf(dev.torsion.spread.banana.UnsendableValueException.class, error(unsendable));
    }
  }

  @Test
  void pagesThatNobodyWantsAnyMoreAreGivenBack() throws Exception {
    try (var client = connect()) {
      var pages = Pages.getAllPagesAsync(client.root(), "stock");
      assertTrue(came.await(10, TimeUnit.SECONDS));
      assertTrue(pages.cancel(true));
      assertTrue(stock.left.await(10, TimeUnit.SECONDS));
    }
  }

  @Test
  void aFutureThatIsCancelledOnTheWayCallsNothing() throws Exception {
    try (var client = connect()) {
      var held = new CompletableFuture<Void>();
      var goOn = new CompletableFuture<Void>();
      reactor.callFromThread(
          () -> {
            held.complete(null);
            goOn.orTimeout(10, TimeUnit.SECONDS).join();
          });
      get(held);
      var pages = Pages.getAllPagesAsync(client.root(), "bytes", List.of(1));
      assertTrue(pages.cancel(true));
      goOn.complete(null);
      get(Pages.getAllPagesAsync(client.root(), "bytes", List.of(1)));
      assertEquals(1, asked.get());
    }
  }

  @Test
  void theEndOfTheConnectionAndOfTheReactorFailTheFutures() throws Exception {
    var client = connect();
    var pages = Pages.getAllPagesAsync(client.root(), "stock");
    assertTrue(came.await(10, TimeUnit.SECONDS));
    client.close();
    assertInstanceOf(PBConnectionLost.class, error(pages));
    assertInstanceOf(
        DeadReferenceException.class, error(Pages.getAllPagesAsync(client.root(), "stock")));
    stop();
    assertInstanceOf(
        DeadReferenceException.class, error(Pages.getAllPagesAsync(client.root(), "stock")));
  }

  private PBClient connect() throws Exception {
    var factory = new PBServerFactory(server);
    var port =
        reactor.blockingCallFromThread(
            () ->
                Deferreds.succeed(
                    reactor.listenTcp(0, factory, "127.0.0.1", 50, TcpOptions.DEFAULT)));
    var types =
        TypeRegistry.builder()
            .remoteCopy("shop.Stock", () -> new RemoteStock(came::countDown))
            .build();
    var options = PBOptions.DEFAULT.withTypes(types);
    return get(PBClient.connect(reactor, "tcp:127.0.0.1:" + port.port(), options));
  }

  private static <T> T get(CompletableFuture<T> future) throws Exception {
    return future.get(10, TimeUnit.SECONDS);
  }

  private static Throwable error(CompletableFuture<?> future) {
    return assertThrows(
            CompletionException.class, () -> future.orTimeout(10, TimeUnit.SECONDS).join())
        .getCause();
  }
}
