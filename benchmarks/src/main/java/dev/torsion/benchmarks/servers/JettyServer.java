// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.servers;

import dev.torsion.benchmarks.HttpPages;
import dev.torsion.benchmarks.Order;
import dev.torsion.benchmarks.OrderJson;
import dev.torsion.benchmarks.Wire;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.ResourceHandler;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.resource.ResourceFactory;

/** Jetty's own server with its pool of threads, one of which selects. */
final class JettyServer implements BenchServer {
  @Override
  public int start(Wire wire) throws Exception {
    var server = new Server();
    var configuration = new HttpConfiguration();
    configuration.setSendServerVersion(false);
    configuration.setSendDateHeader(true);
    var connector = new ServerConnector(server, 1, 1, new HttpConnectionFactory(configuration));
    connector.setIdleTimeout(TimeUnit.SECONDS.toMillis(HttpPages.IDLE_SECONDS));
    connector.setAcceptQueueSize(1024);
    server.addConnector(connector);
    var files = new ResourceHandler();
    files.setBaseResource(ResourceFactory.of(server).newResource(HttpPages.folder()));
    server.setHandler(new Handler.Sequence(new Pages(), files));
    server.start();
    return connector.getLocalPort();
  }

  private static final class Pages extends Handler.Abstract.NonBlocking {
    private final byte[] text = HttpPages.text();
    private final Order order = Order.sample();

    @Override
    public boolean handle(Request request, Response response, Callback callback)
        throws IOException {
      switch (request.getHttpURI().getPath()) {
        case HttpPages.TEXT_PATH -> write(response, HttpPages.TEXT_TYPE, text, callback);
        case HttpPages.JSON_PATH ->
            write(response, HttpPages.JSON_TYPE, OrderJson.encode(order), callback);
        case HttpPages.ECHO_PATH -> {
          response.getHeaders().put(HttpHeader.CONTENT_TYPE, HttpPages.ECHO_TYPE);
          response.getHeaders().put(HttpHeader.CONTENT_LENGTH, request.getLength());
          Content.copy(request, response, callback);
        }
        default -> {
          return false;
        }
      }
      return true;
    }

    private static void write(Response response, String type, byte[] body, Callback callback) {
      response.getHeaders().put(HttpHeader.CONTENT_TYPE, type);
      response.write(true, ByteBuffer.wrap(body), callback);
    }
  }
}
