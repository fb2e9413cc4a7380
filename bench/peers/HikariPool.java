/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * HikariCP with a stub driver: what acquiring and releasing cost there.  It answers the requests of
 * bench/run, see there: a line "pool N" is answered with the nanoseconds of one acquire and release,
 * the total time of N threads divided by the number of acquires.
 *
 * usage: java -cp HikariCP.jar:slf4j-api.jar:slf4j-nop.jar HikariPool.java
 */
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.Statement;
import java.util.concurrent.CountDownLatch;
import javax.sql.DataSource;

public class HikariPool {
    static final int PLACES = 10;

    /* Every method of the stub returns nothing at once. */
    static Object nothing(Class<?> type) {
        if (type == boolean.class) {
            return true;
        }
        return type == int.class ? (Object) 0 : null;
    }

    @SuppressWarnings("unchecked")
    static <T> T stub(Class<T> type, InvocationHandler handler) {
        return (T) Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler);
    }

    static Connection connection() {
        Statement statement = stub(Statement.class, (self, method, args) -> nothing(method.getReturnType()));
        return stub(Connection.class, (self, method, args) ->
            method.getReturnType() == Statement.class ? statement : nothing(method.getReturnType()));
    }

    static HikariDataSource open() {
        DataSource source = stub(DataSource.class, (self, method, args) ->
            method.getName().equals("getConnection") ? connection() : nothing(method.getReturnType()));
        HikariConfig config = new HikariConfig();
        config.setDataSource(source);
        config.setMaximumPoolSize(PLACES);
        return new HikariDataSource(config);
    }

    static void cycle(HikariDataSource pool, int rounds) {
        try {
            for (int i = 0; i < rounds; i++) {
                pool.getConnection().close();
            }
        } catch (java.sql.SQLException failure) {
            throw new IllegalStateException(failure);
        }
    }

    static double measure(HikariDataSource pool, int threads, int total) throws InterruptedException {
        int rounds = total / threads;
        Thread[] all = new Thread[threads];
        CountDownLatch start = new CountDownLatch(1);
        for (int i = 0; i < threads; i++) {
            all[i] = new Thread(() -> {
                try {
                    start.await();
                } catch (InterruptedException interrupted) {
                    throw new IllegalStateException(interrupted);
                }
                cycle(pool, rounds);
            });
            all[i].start();
        }
        long began = System.nanoTime();
        start.countDown();
        for (Thread thread : all) {
            thread.join();
        }
        return (double) (System.nanoTime() - began) / rounds / threads;
    }

    public static void main(String[] args) throws Exception {
        try (HikariDataSource pool = open()) {
            for (int i = 0; i < 10; i++) {
                measure(pool, 1 + i % 2 * 7, 500000); /* let the compiler of the JVM finish */
            }
            BufferedReader requests = new BufferedReader(new InputStreamReader(System.in));
            System.out.println("ready");
            for (String line = requests.readLine(); line != null; line = requests.readLine()) {
                int threads = Integer.parseInt(line.substring(line.indexOf(' ') + 1));
                System.out.println(measure(pool, threads, 1000000));
            }
        }
    }
}
