// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.cred.FilePasswordChecker;
import dev.torsion.cred.Login;
import dev.torsion.cred.Portal;
import dev.torsion.cred.Realm;
import dev.torsion.cred.UsernamePassword;
import dev.torsion.defer.Deferreds;
import dev.torsion.java.Torsion;
import dev.torsion.reactor.Reactor;
import dev.torsion.spread.banana.Bytes;
import dev.torsion.spread.jelly.TypeRegistry;
import dev.torsion.spread.pb.Avatar;
import dev.torsion.spread.pb.Cacheable;
import dev.torsion.spread.pb.FilePager;
import dev.torsion.spread.pb.Observe;
import dev.torsion.spread.pb.PBClient;
import dev.torsion.spread.pb.PBError;
import dev.torsion.spread.pb.PBOptions;
import dev.torsion.spread.pb.PBServerFactory;
import dev.torsion.spread.pb.Pager;
import dev.torsion.spread.pb.Pages;
import dev.torsion.spread.pb.Perspective;
import dev.torsion.spread.pb.RemoteCache;
import dev.torsion.spread.pb.RemoteCacheObserver;
import dev.torsion.spread.pb.RemoteReference;
import dev.torsion.spread.pb.View;
import dev.torsion.spread.pb.Viewable;
import dev.torsion.testkit.MemoryReactor;
import dev.torsion.testkit.junit.TorsionExtension;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The remote objects in the Java of docs/guide/perspective-broker.md. */
@ExtendWith(TorsionExtension.class)
class RemoteObjectsTest {
  static class Stock implements Cacheable {
    private final Set<RemoteCacheObserver> observers = new LinkedHashSet<>();
    private int apples = 2;

    @Override
    public String typeToCopyFor(Object perspective) {
      return "shop.Stock";
    }

    @Override
    public Object stateToCacheAndObserveFor(Object perspective, RemoteCacheObserver observer) {
      observers.add(observer);
      return Map.of("apples", apples);
    }

    @Override
    public void stoppedObserving(Object perspective, RemoteCacheObserver observer) {
      observers.remove(observer);
    }

    void sell() {
      apples--;
      observers.forEach(observer -> observer.send("changed", apples));
    }
  }

  static class RemoteStock extends RemoteCache {
    private int apples;

    @Override
    public void setCopyableState(Object state) {
      if (((Map<?, ?>) state).get("apples") instanceof Long count) apples = count.intValue();
    }

    @Observe
    public void changed(int left) {
      apples = left;
    }
  }

  static class Room implements Viewable {
    @View
    public String say(Customer caller, String text) {
      return caller.name + " says " + text;
    }
  }

  static class SoldException extends PBError {
    private static final long serialVersionUID = 1;

    SoldException(String message) {
      super(message);
    }
  }

  static class Customer implements Avatar {
    private final String name;
    private final Reactor reactor;
    private final Path priceList;
    private final Stock stock;

    Customer(String name, Reactor reactor, Path priceList, Stock stock) {
      this.name = name;
      this.reactor = reactor;
      this.priceList = priceList;
      this.stock = stock;
    }

    @Perspective
    public Stock stock() {
      return stock;
    }

    @Perspective
    public void buy() throws SoldException {
      if (stock.apples == 0) throw new SoldException("all are sold");
      stock.sell();
    }

    @Perspective
    public Room room() {
      return new Room();
    }

    @Perspective
    public Pager prices(RemoteReference collector) throws IOException {
      return new FilePager(reactor, collector, Files.newInputStream(priceList));
    }
  }

  @Test
  void aCustomer(MemoryReactor reactor, @TempDir Path folder) throws Exception {
    var torsion = Torsion.on(reactor);
    var users = Files.writeString(folder.resolve("users"), "joe:secret\n");
    var priceList = Files.write(folder.resolve("prices"), new byte[200_000]);
    var stock = new Stock();
    Realm realm =
        (id, mind, types) ->
            Deferreds.succeed(
                new Login<>(Avatar.class, new Customer(id.name(), reactor, priceList, stock)));
    var portal = new Portal(realm, new FilePasswordChecker(reactor, users));
    var types =
        TypeRegistry.builder()
            .remoteCopy("shop.Stock", RemoteStock::new)
            .exception("shop.Sold", SoldException.class, f -> new SoldException(f.getValue()))
            .build();
    var options = PBOptions.DEFAULT.withTypes(types);
    var factory = new PBServerFactory(portal, options);
    var server = reactor.await(torsion.listen("tcp:8787", factory));
    var client = reactor.await(PBClient.connect(reactor, "tcp:127.0.0.1:8787", options));
    var joe = reactor.await(client.login(new UsernamePassword("joe", "secret")));

    var copy = reactor.await(joe.call(RemoteStock.class, "stock"));
    reactor.await(joe.call("buy"));
    assertEquals(1, copy.apples);
    reactor.await(joe.call("buy"));
    var buy = joe.call("buy");
    var sold = assertThrows(SoldException.class, () -> reactor.await(buy));
    assertEquals("all are sold", sold.getMessage());
    copy.close();
    reactor.flush();
    assertTrue(stock.observers.isEmpty());

    var room = assertInstanceOf(RemoteReference.class, reactor.await(joe.call("room")));
    assertEquals("joe says hello", reactor.await(room.call("say", "hello")));

    var list = new ByteArrayOutputStream();
    var pages = Pages.getAllPagesAsync(joe, "prices");
    for (Object page : reactor.await(pages)) list.write(((Bytes) page).toByteArray());
    assertArrayEquals(new byte[200_000], list.toByteArray());

    client.close();
    server.close();
    reactor.flush();
  }
}
