// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.framing.ConnectionOptions;
import dev.torsion.framing.CorrelationOptions;
import dev.torsion.net.TcpOptions;
import dev.torsion.reactor.ReactorOptions;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** An argument that is null is named in words, at the call. */
class NullArgumentsTest extends InMemory {
  private static final Map<Class<?>, Object> VALUES =
      Map.ofEntries(
          Map.entry(String.class, "tcp:1"),
          Map.entry(Object.class, "message"),
          Map.entry(int.class, 1),
          Map.entry(long.class, 1L),
          Map.entry(java.nio.file.Path.class, java.nio.file.Path.of("socket")),
          Map.entry(dev.torsion.net.UnixPortOptions.class, dev.torsion.net.UnixPortOptions.DEFAULT),
          Map.entry(Duration.class, Duration.ofSeconds(1)),
          Map.entry(ByteOrder.class, ByteOrder.BIG_ENDIAN),
          Map.entry(java.nio.charset.Charset.class, StandardCharsets.UTF_8),
          Map.entry(ConnectionOptions.class, ConnectionOptions.DEFAULT),
          Map.entry(CorrelationOptions.class, CorrelationOptions.DEFAULT),
          Map.entry(TcpOptions.class, TcpOptions.DEFAULT),
          Map.entry(ReactorOptions.class, ReactorOptions.builder().build()),
          Map.entry(CompletableFuture.class, new CompletableFuture<>()),
          Map.entry(dev.torsion.framing.Struct.class, new dev.torsion.framing.Struct("<i")));

  private @Nullable Object value(Class<?> type) {
    Object known = VALUES.get(type);
    if (known != null || !type.isInterface()) return known; // of other classes null comes second
    return Proxy.newProxyInstance(
        getClass().getClassLoader(), new Class<?>[] {type}, (proxy, method, args) -> null);
  }

  private void check(Class<?> type, @Nullable Object target) throws Exception {
    List<String> wrong = new ArrayList<>();
    int tried = 0;
    for (Method method : type.getMethods()) {
      if (method.getDeclaringClass() != type || method.isSynthetic() || method.isBridge()) continue;
      if (Modifier.isStatic(method.getModifiers()) != (target == null)) continue;
      method.setAccessible(true);
      for (int i = 0; i < method.getParameterCount(); i++) {
        var parameter = method.getAnnotatedParameterTypes()[i];
        if (method.getParameterTypes()[i].isPrimitive()) continue;
        if (parameter.isAnnotationPresent(Nullable.class)) continue;
        Object[] arguments = new Object[method.getParameterCount()];
        for (int j = 0; j < arguments.length; j++) {
          arguments[j] = j == i ? null : value(method.getParameterTypes()[j]);
        }
        tried++;
        try {
          method.invoke(target, arguments);
          wrong.add(method + ", argument " + (i + 1) + ": nothing was thrown");
        } catch (InvocationTargetException e) {
          Throwable cause = Objects.requireNonNull(e.getCause());
          String message = String.valueOf(cause.getMessage());
          boolean isNamed = message.startsWith("the ") && message.endsWith(" is null");
          if (!(cause instanceof NullPointerException) || !isNamed) {
            wrong.add(method + ", argument " + (i + 1) + ": " + cause);
          }
        }
      }
    }
    assertTrue(tried > 0, "nothing to try in " + type);
    assertEquals(List.of(), wrong);
  }

  @Test
  void ofTorsion() throws Exception {
    check(Torsion.class, null);
    check(Torsion.class, torsion);
  }

  @Test
  void ofServices() throws Exception {
    check(ServiceGroup.class, torsion.services());
  }

  @Test
  void ofCodecs() throws Exception {
    check(Codecs.class, null);
  }

  @Test
  void ofConnections() throws Exception {
    var ends = connected(Codecs.line());
    check(Connection.class, ends.client());
    check(KeyedRequests.class, ends.client().requestsBy(line -> line));
    check(Outbox.class, null);
    check(Outbox.class, Outbox.latest(ends.client(), line -> line));
    ends.client().close();
    reactor.flush();
    ends.server().close();
    reactor.flush();
  }
}
