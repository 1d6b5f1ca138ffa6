// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.cred.InMemoryChecker;
import dev.torsion.cred.Login;
import dev.torsion.cred.Portal;
import dev.torsion.cred.UnauthorizedLogin;
import dev.torsion.cred.UsernamePassword;
import dev.torsion.defer.Deferreds;
import dev.torsion.net.ListeningPort;
import dev.torsion.net.TcpOptions;
import dev.torsion.net.WrongThreadException;
import dev.torsion.reactor.Reactor;
import dev.torsion.spread.banana.Bytes;
import dev.torsion.spread.jelly.Tuple;
import dev.torsion.spread.jelly.TypeRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * All of Perspective Broker that a Java program writes: annotations, futures, interfaces, records,
 * users.
 */
class JavaVoiceTest {
  private final Reactor reactor = Reactor.create();

  @BeforeEach
  void start() {
    reactor.start();
  }

  @AfterEach
  void stop() {
    assertTrue(reactor.stopAndJoin(Duration.ofSeconds(10)));
  }

  record Point(int x, String name) {}

  static class Second implements Referenceable {
    final List<String> heard = new CopyOnWriteArrayList<>();

    @Remote("server2_main")
    public void main(String message) {
      heard.add(message);
    }
  }

  static class Server implements Root {
    final Second second = new Second();
    final List<CompletableFuture<String>> asked = new CopyOnWriteArrayList<>();

    @Remote
    public int add(int a, int b) {
      return a + b;
    }

    @Remote("get_main")
    public List<Object> main(String message0, String message1) {
      return List.of(message0 + "2", message1 + "3", second);
    }

    @Remote
    public CompletableFuture<String> later() {
      var answer = new CompletableFuture<String>();
      asked.add(answer);
      return answer;
    }

    @Remote
    public Point move(Point point, long by) {
      return new Point((int) (point.x() + by), point.name());
    }

    @Remote
    public String named(@Arg("first") byte[] first, @Arg("second") List<Integer> second) {
      int sum = second.get(0) + second.get(1);
      return first.length + " " + sum;
    }

    @Remote
    public void fail() throws Exception {
      throw new java.io.IOException("the disk");
    }

    public String hidden() {
      return "hidden";
    }
  }

  /** The client's view of it. */
  interface Calculator {
    CompletableFuture<Integer> add(int a, int b);

    CompletableFuture<Point> move(Point point, int by);

    CompletableFuture<Void> fail();

    @Remote("get_main")
    CompletableFuture<List<Object>> main(String message0, String message1);

    default CompletableFuture<Integer> twice(int number) {
      return add(number, number);
    }
  }

  private final PBOptions options =
      PBOptions.DEFAULT.withTypes(
          TypeRegistry.builder().record("shapes.Point", Point.class).build());

  @Test
  void methodsAreCalledByNameAndByInterface() throws Exception {
    var server = new Server();
    try (var client = connect(new PBServerFactory(server, options))) {
      RemoteReference root = client.root();
      assertEquals(3L, root.call("add", 1, 2).join());
      assertThrows(WrongThreadException.class, () -> root.callRemote("add", 1, 2));
      assertEquals(3, root.call(Integer.class, "add", 1, 2).join());
      Calculator calculator = root.proxy(Calculator.class);
      assertEquals(3, calculator.add(1, 2).join());
      assertEquals(8, calculator.twice(4).join());
      assertEquals(new Point(5, "p"), calculator.move(new Point(3, "p"), 2).join());
      List<Object> answer = calculator.main("0", "1").join();
      assertEquals("02", answer.get(0));
      assertInstanceOf(RemoteReference.class, answer.get(2)).call("server2_main", "4").join();
      assertEquals(List.of("4"), server.second.heard);
      assertEquals(
          "2 7",
          root.callWith("named", List.of(), Map.of("first", new byte[2], "second", List.of(3, 4)))
              .join());
    }
  }

  @Test
  void errorsAreTyped() throws Exception {
    try (var client = connect(new PBServerFactory(new Server(), options))) {
      var error = assertThrows(CompletionException.class, () -> client.root().call("fail").join());
      var remote = assertInstanceOf(RemoteError.class, error.getCause());
      assertEquals("java.io.IOException", remote.getRemoteType());
      assertEquals("the disk", remote.getRemoteMessage());
      assertTrue(remote.isA("java.lang.Exception"));
      for (String name : List.of("hidden", "getClass", "toString")) {
        var none = assertThrows(CompletionException.class, () -> client.root().call(name).join());
        assertEquals(
            "twisted.spread.flavors.NoSuchMethod",
            assertInstanceOf(RemoteError.class, none.getCause()).getRemoteType());
      }
    }
  }

  @Test
  void theLoopIsNotBlockedAndTheEndFailsWhatWaits() throws Exception {
    var server = new Server();
    var client = connect(new PBServerFactory(server, options));
    var lost = new CountDownLatch(1);
    client.onDisconnect(lost::countDown);
    var later = client.root().call(String.class, "later");
    // On the loop, where the answer cannot come before the function is there: it would be called
    // here then, and wait.
    var refused = new CompletableFuture<CompletableFuture<String>>();
    reactor.callFromThread(
        () -> refused.complete(client.root().call("add", 1, 2).thenApply(ignored -> later.join())));
    assertThrows(CompletionException.class, () -> refused.join().join());
    client.close();
    assertTrue(lost.await(10, TimeUnit.SECONDS));
    var error = assertThrows(CompletionException.class, later::join);
    assertInstanceOf(PBConnectionLost.class, error.getCause());
    assertTrue(client.isDisconnected());
  }

  @Test
  void aConnectionThatHasEndedFailsWhatIsAskedAlsoWhenItsReactorHasStopped() throws Exception {
    var client = connect(new PBServerFactory(new Server(), options));
    var lost = new CountDownLatch(1);
    client.onDisconnect(lost::countDown);
    client.close();
    assertTrue(lost.await(10, TimeUnit.SECONDS));
    for (int round = 0; round < 2; round++) {
      var calculator = client.root().proxy(Calculator.class);
      var joe = new UsernamePassword("joe", "secret");
      var asked =
          List.of(
              client.root().call("add", 1, 2),
              client.root().call(Integer.class, "add", 1, 2),
              calculator.add(1, 2),
              client.login(joe));
      for (CompletableFuture<?> one : asked) {
        var error =
            assertThrows(
                CompletionException.class, () -> one.orTimeout(10, TimeUnit.SECONDS).join());
        assertInstanceOf(DeadReferenceException.class, error.getCause());
      }
      assertTrue(reactor.stopAndJoin(Duration.ofSeconds(10)));
    }
  }

  @Test
  void methodsMayBeWrittenOut() throws Exception {
    var root =
        RemoteMethods.create()
            .on("add", call -> call.arg(0, int.class) + call.arg(1, int.class))
            .on("pair", call -> Tuple.of(call.args().get(0), Bytes.utf8("x")))
            .root();
    try (var client = connect(new PBServerFactory(root))) {
      assertEquals(3L, client.root().call("add", 1, 2).join());
      assertEquals(Tuple.of("a", Bytes.utf8("x")), client.root().call("pair", "a").join());
      var error =
          assertThrows(CompletionException.class, () -> client.root().call("add", 1).join());
      assertEquals(
          "builtins.TypeError",
          assertInstanceOf(RemoteError.class, error.getCause()).getRemoteType());
    }
  }

  static class User implements Avatar {
    private final String name;

    User(String name) {
      this.name = name;
    }

    @Perspective
    public String who() {
      return name;
    }
  }

  @Test
  void usersLogIn() throws Exception {
    List<String> out = new ArrayList<>();
    var realmOut = new CountDownLatch(1);
    var portal =
        new Portal(
            (id, mind, types) ->
                Deferreds.succeed(
                    new Login<>(
                        Avatar.class,
                        new User(id.name()),
                        () -> {
                          out.add(id.name());
                          realmOut.countDown();
                        })),
            new InMemoryChecker().addUser("joe", "secret"));
    try (var client = connect(new PBServerFactory(portal))) {
      var joe = client.login(new UsernamePassword("joe", "secret")).join();
      assertEquals("joe", joe.call("who").join());
      var error =
          assertThrows(
              CompletionException.class,
              () -> client.login(new UsernamePassword("joe", "x")).join());
      assertInstanceOf(UnauthorizedLogin.class, error.getCause());
      joe.close();
      assertTrue(realmOut.await(10, TimeUnit.SECONDS));
      assertEquals(List.of("joe"), out);
    }
  }

  @Test
  void copiesAreGivenBackOnAnyThread() throws Exception {
    var stock = new Stock();
    var root = RemoteMethods.create().on("stock", call -> stock);
    var types =
        TypeRegistry.builder().remoteCopy("shop.Stock", () -> new RemoteStock(() -> {})).build();
    int port = listen(new PBServerFactory(root.root())).port();
    var copying = PBOptions.DEFAULT.withTypes(types);
    var client = PBClient.connect(reactor, "tcp:127.0.0.1:" + port, copying).join();
    var copy = client.root().call(RemoteStock.class, "stock").join();
    copy.close();
    copy.close();
    assertTrue(stock.left.await(10, TimeUnit.SECONDS));
    client.close();
    assertTrue(reactor.stopAndJoin(Duration.ofSeconds(10)));
    copy.close(); // there is nobody any more who could be told
  }

  @Test
  void aServerThatIsNotThereIsAConnectException() {
    var error =
        assertThrows(
            CompletionException.class,
            () -> PBClient.connect(reactor, "tcp:127.0.0.1:1:timeout=5").join());
    assertInstanceOf(dev.torsion.net.CannotConnectException.class, error.getCause());
  }

  @Test
  void aStringThatIsNoEndpointFailsTheFuture() {
    var connecting = PBClient.connect(reactor, "tcp:127.0.0.1");
    var error = assertThrows(CompletionException.class, connecting::join);
    assertInstanceOf(dev.torsion.endpoint.EndpointSyntaxException.class, error.getCause());
  }

  @Test
  void aConnectionThatNobodyGetsIsClosed() throws Exception {
    var factory = new PBServerFactory(new Server());
    int port = listen(factory).port();
    for (int round = 0; round < 300; round++) { // each cancels at another moment of connecting
      var got = new AtomicReference<PBClient>();
      var connecting = PBClient.connect(reactor, "tcp:127.0.0.1:" + port).thenAccept(got::set);
      long until = System.nanoTime() + round * 10_000L;
      while (System.nanoTime() < until) {
        Thread.onSpinWait();
      }
      connecting.cancel(true);
      var closed = new CountDownLatch(1);
      reactor.callFromThread(() -> waitUntilNoBroker(factory, got, closed));
      assertTrue(closed.await(10, TimeUnit.SECONDS), "round " + round);
    }
  }

  /** The caller that got the connection has to close it. */
  private void waitUntilNoBroker(
      PBServerFactory factory, AtomicReference<PBClient> got, CountDownLatch closed) {
    var client = got.getAndSet(null);
    if (client != null) {
      client.close();
    }
    if (factory.brokers().isEmpty()) {
      closed.countDown();
    } else {
      reactor.callLater(1, TimeUnit.MILLISECONDS, () -> waitUntilNoBroker(factory, got, closed));
    }
  }

  private PBClient connect(PBServerFactory factory) throws Exception {
    int port = listen(factory).port();
    return PBClient.connect(reactor, "tcp:127.0.0.1:" + port, options).get(10, TimeUnit.SECONDS);
  }

  private ListeningPort listen(PBServerFactory factory) throws Exception {
    return reactor.blockingCallFromThread(
        () ->
            Deferreds.succeed(reactor.listenTcp(0, factory, "127.0.0.1", 50, TcpOptions.DEFAULT)));
  }
}
