// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.torsion.cred.AllowAnonymousAccess;
import dev.torsion.cred.InMemoryChecker;
import dev.torsion.cred.Login;
import dev.torsion.cred.Portal;
import dev.torsion.cred.Realm;
import dev.torsion.cred.UnauthorizedLogin;
import dev.torsion.cred.UsernamePassword;
import dev.torsion.defer.Deferreds;
import dev.torsion.endpoint.Endpoints;
import dev.torsion.java.Torsion;
import dev.torsion.service.ClientService;
import dev.torsion.spread.jelly.TypeRegistry;
import dev.torsion.spread.pb.Avatar;
import dev.torsion.spread.pb.PBClient;
import dev.torsion.spread.pb.PBClientFactory;
import dev.torsion.spread.pb.PBOptions;
import dev.torsion.spread.pb.PBServerFactory;
import dev.torsion.spread.pb.Perspective;
import dev.torsion.spread.pb.Remote;
import dev.torsion.spread.pb.RemoteError;
import dev.torsion.spread.pb.RemoteMethods;
import dev.torsion.spread.pb.Root;
import dev.torsion.testkit.MemoryReactor;
import dev.torsion.testkit.junit.TorsionExtension;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The Java of docs/guide/perspective-broker.md. */
class PerspectiveBrokerTest {
  static class Calculator implements Root {
    @Remote
    public int add(int a, int b) {
      return a + b;
    }

    @Remote
    public CompletableFuture<Double> slowly(double number) {
      return CompletableFuture.supplyAsync(() -> Math.sqrt(number));
    }
  }

  interface RemoteCalculator {
    CompletableFuture<Integer> add(int a, int b);

    CompletableFuture<Double> slowly(double number);
  }

  record Point(int x, int y) {}

  static class User implements Avatar {
    private final String name;

    User(String name) {
      this.name = name;
    }

    @Perspective
    public String whoAmI() {
      return name;
    }
  }

  @Test
  void callsByNameAndByInterface() {
    try (var torsion = Torsion.start()) {
      var server =
          torsion.listen("tcp:0:interface=127.0.0.1", new PBServerFactory(new Calculator())).join();
      var address = "tcp:127.0.0.1:" + server.port();
      try (var client = PBClient.connect(torsion.reactor(), address).join()) {
        var root = client.root();
        assertEquals(3L, root.call("add", 1, 2).join());

        var calculator = root.proxy(RemoteCalculator.class);
        assertEquals(3, calculator.add(1, 2).join());
        assertEquals(2.0, calculator.slowly(4).join());

        var failed =
            assertThrows(CompletionException.class, () -> root.call("add", "one", 2).join());
        var error = assertInstanceOf(RemoteError.class, failed.getCause());
        assertEquals("builtins.TypeError", error.getRemoteType());
      }
    }
  }

  @Test
  @ExtendWith(TorsionExtension.class)
  void aClientServiceConnectsAgain(MemoryReactor reactor) {
    var torsion = Torsion.on(reactor);
    var server = reactor.await(torsion.listen("tcp:8800", new PBServerFactory(new Calculator())));
    var endpoint = Endpoints.clientFromString(torsion.reactor(), "tcp:127.0.0.1:8800");
    var factory = new PBClientFactory(PBOptions.DEFAULT, true); // it connects again
    var client = new ClientService(endpoint, factory, torsion.reactor());
    var kept = reactor.await(torsion.services().add(client));

    for (int attempt = 0; attempt < 2; attempt++) {
      var sum = torsion.future(factory::getRootObject).thenCompose(root -> root.call("add", 1, 2));
      assertEquals(3L, reactor.await(sum));
      reactor.network().everywhere().cut();
      reactor.flush();
    }
    reactor.await(kept.stop());
    server.close();
    reactor.flush();
  }

  @Test
  void copiesOfRecords() {
    var types = TypeRegistry.builder().record("shapes.Point", Point.class).build();
    var options = PBOptions.DEFAULT.withTypes(types);
    var mirror =
        RemoteMethods.create()
            .on(
                "mirror",
                call -> {
                  Point point = call.arg(0, Point.class);
                  return new Point(point.y(), point.x());
                })
            .root();
    try (var torsion = Torsion.start()) {
      var server =
          torsion.listen("tcp:0:interface=127.0.0.1", new PBServerFactory(mirror, options)).join();
      var address = "tcp:127.0.0.1:" + server.port();
      try (var client = PBClient.connect(torsion.reactor(), address, options).join()) {
        assertEquals(new Point(2, 1), client.root().call("mirror", new Point(1, 2)).join());
      }
    }
  }

  @Test
  void users() {
    List<String> left = new ArrayList<>();
    Realm realm =
        (id, mind, types) ->
            Deferreds.succeed(
                new Login<>(Avatar.class, new User(id.toString()), () -> left.add(id.toString())));
    var portal =
        new Portal(
            realm, new InMemoryChecker().addUser("joe", "secret"), new AllowAnonymousAccess());
    try (var torsion = Torsion.start()) {
      var server = torsion.listen("tcp:0:interface=127.0.0.1", new PBServerFactory(portal)).join();
      var address = "tcp:127.0.0.1:" + server.port();
      try (var client = PBClient.connect(torsion.reactor(), address).join()) {
        var joe = client.login(new UsernamePassword("joe", "secret")).join();
        assertEquals("joe", joe.call("whoAmI").join());

        var wrong =
            assertThrows(
                CompletionException.class,
                () -> client.login(new UsernamePassword("joe", "wrong")).join());
        assertInstanceOf(UnauthorizedLogin.class, wrong.getCause());
      }
    }
    assertEquals(List.of("joe"), left); // the reactor has ended, and the connection with it
  }
}
