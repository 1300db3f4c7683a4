// SPDX-License-Identifier: MIT

import java.lang.reflect.Field;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import software.amazon.dynamodb.services.local.main.ServerRunner;
import software.amazon.dynamodb.services.local.server.DynamoDBProxyServer;

/** DynamoDB Local on 127.0.0.1 alone. It has no option for that and listens everywhere (3.0.0). */
final class Loopback {
	private Loopback() {}

	public static void main(String[] args) throws Exception {
		DynamoDBProxyServer proxy = ServerRunner.createServerFromCommandLineArgs(args);
		Field server = DynamoDBProxyServer.class.getDeclaredField("server");

		server.setAccessible(true);
		for (Connector connector : ((Server) server.get(proxy)).getConnectors()) {
			((ServerConnector) connector).setHost("127.0.0.1");
		}
		proxy.safeStart();
		proxy.join();
	}
}
